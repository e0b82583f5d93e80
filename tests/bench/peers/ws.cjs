// A chat server of Node's `ws`: node ws.cjs PORT --modules=FOLDER [--quiet]
// The library frames a message once per connection. No compression (its default), no pings.
'use strict'

const port = process.argv[2]
const modules = process.argv.find(it => it.startsWith('--modules=')).split('=')[1]
const { WebSocketServer } = require(`${modules}/ws`)

const quiet = process.argv.includes('--quiet')
const people = new Map()
let lastId = 0

function tell (type, nick, more) {
  const at = Date.now() / 1000
  const text = JSON.stringify({ type, id: ++lastId, at, nick, via: 'web', ...more })
  for (const person of people.values()) person.send(text)
}

new WebSocketServer({ port: Number(port), host: '127.0.0.1', backlog: 4096 })
  .on('connection', socket => {
    let name = ''
    socket.on('message', data => {
      const line = data.toString()
      if (name) {
        tell('said', name, { text: line })
      } else if (people.has(line)) {
        socket.send('{"type":"prompt","reason":"Username taken"}')
      } else {
        name = line
        socket.send(JSON.stringify({ type: 'welcome', nick: name }))
        if (!quiet) tell('joined', name)
        people.set(name, socket)
      }
    })
    socket.on('error', () => {})
    socket.on('close', () => people.delete(name))
  })
