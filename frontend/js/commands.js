// The commands that everybody has, as /help tells them. A test holds them to the server's
// (backend/room/usage.py); it must not know what they do.

export const COMMANDS = [
  ['/help', 'this list'],
  ['/who', 'who is here'],
  ['/nick NAME', 'go by another name'],
  ['/me TEXT', 'do something: * alice waves'],
  ['/msg NAME TEXT', 'tell one person only'],
  ['/ignore [NAME]', 'hear no more of somebody; or whom you ignore'],
  ['/unignore NAME', 'hear somebody again'],
  ['/topic', 'what the room is about; operators add a new one, or - for none'],
  ['/history [COUNT]', 'what was said before'],
  ['/tasks [watch|stop]', 'what this program is doing just now, or live'],
  ['/source FILE LINE', 'some lines of this program itself'],
  ['/demo', 'see a nursery wait for its children'],
  ['/chaos crash|stall|storm', 'see what becomes of trouble; nobody else suffers'],
  ['/cancel', 'cancel the task that serves you: you are disconnected'],
  ['/quit [REASON]', 'leave'],
].map(([typed, purpose]) => ({ name: typed.split(' ')[0], typed, purpose }));
