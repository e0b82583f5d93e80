/* The members of the load generator: connections in one epoll loop, and what they count.
 *
 * Nothing here knows what is measured. A member is let in by what every server says: a telnet
 * member sends its name at once, a web member after the handshake, and "elcome" is the answer. */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MARK = '^', TAIL = 8, READ = 1 << 18, EVENTS = 1024, PER_ADDRESS = 20000, MOST = 100000 };
enum state { CONNECTING, SHAKING, NAMING, IN, GONE };

struct member {
    int fd;
    bool web, stalled;
    enum state state;
    long marks, own; /* copies received, and how many of the lines were its own */
    long long since, welcomed;
    char tail[TAIL]; /* what the last read ended in, while something is being looked for */
};

static struct member members[MOST];
static int count, active, joined, evicted, lost, epoll;
static bool may_spin, spin;
static long long total, bytes, last_read, idle;
static char space[TAIL + READ];
static struct epoll_event events[EVENTS];

static long long clock_ns(clockid_t id) {
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * 1000000000LL + t.tv_nsec;
}
static long long now(void) { return clock_ns(CLOCK_MONOTONIC); }

static void die(const char *what) {
    fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void watch(struct member *m, int op, unsigned what) {
    struct epoll_event e = {.events = what, .data.u32 = (unsigned)(m - members)};
    if (epoll_ctl(epoll, op, m->fd, &e)) die("epoll_ctl");
}

static void pump(int timeout_ms);

/* Everything, reading on meanwhile: a server may stop reading until it can write. */
static void send_all(struct member *m, const char *data, size_t size) {
    while (size && m->state != GONE) {
        ssize_t sent = send(m->fd, data, size, MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN) return;
        if (sent < 0) pump(1);
        else data += sent, size -= (size_t)sent;
    }
}

/* A client's frame (RFC 6455, 5.2) is masked; any key will do where nobody is in between. */
static size_t frame(char *out, int opcode, const char *text, size_t size) {
    static const unsigned char key[4] = {0x12, 0x34, 0x56, 0x78};
    size_t at = 0;
    out[at++] = (char)(0x80 | opcode);
    if (size < 126) out[at++] = (char)(0x80 | size);
    else out[at++] = (char)0xfe, out[at++] = (char)(size >> 8), out[at++] = (char)size;
    memcpy(out + at, key, 4), at += 4;
    for (size_t i = 0; i < size; i++) out[at++] = (char)((unsigned char)text[i] ^ key[i % 4]);
    return at;
}

static size_t line(char *out, const struct member *m, const char *text, size_t size) {
    if (m->web) return frame(out, 1, text, size);
    memcpy(out, text, size), memcpy(out + size, "\r\n", 2);
    return size + 2;
}

static void give_name(struct member *m) {
    char name[32], data[64];
    int size = snprintf(name, sizeof name, "m%05d", (int)(m - members));
    m->state = NAMING;
    send_all(m, data, line(data, m, name, (size_t)size));
}

static void connected(struct member *m) {
    static const char shake[] = "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    watch(m, EPOLL_CTL_MOD, EPOLLIN);
    if (!m->web) give_name(m);
    else m->state = SHAKING, send_all(m, shake, sizeof shake - 1);
}

static void hung_up(struct member *m) {
    close(m->fd);
    m->state = GONE;
    if (m->stalled) evicted++;
    else lost++;
}

/* Off the hot path: whether `what` has come, in one piece or not. */
static bool has_come(struct member *m, size_t size, const char *what) {
    memcpy(space, m->tail, TAIL);
    bool found = memmem(space, TAIL + size, what, strlen(what));
    memcpy(m->tail, space + size, TAIL);
    return found;
}

static void readable(struct member *m) {
    ssize_t size = recv(m->fd, space + TAIL, READ, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) { hung_up(m); return; }
    bytes += size;
    if (m->state == IN) {
        long marks = 0;
        for (ssize_t i = 0; i < size; i++) marks += space[TAIL + i] == MARK;
        m->marks += marks, total += marks;
    } else if (m->state == SHAKING && has_come(m, (size_t)size, "\r\n\r\n")) {
        give_name(m);
    } else if (m->state == NAMING && has_come(m, (size_t)size, "elcome")) {
        m->state = IN, m->welcomed = now(), joined++;
    }
}

/* One wait for whatever comes. Spinning, nobody pays for waking us up: as it is when the
 * members are on other machines. */
static void pump(int timeout_ms) {
    long long before = now();
    int ready = epoll_wait(epoll, events, EVENTS, spin ? 0 : timeout_ms);
    long long after = now();
    if (!spin || !ready) idle += after - before;
    if (ready) last_read = after;
    for (int i = 0; i < ready; i++) {
        struct member *m = &members[events[i].data.u32];
        if (m->state == CONNECTING) connected(m);
        else if (m->stalled) hung_up(m); /* nothing else is asked for */
        else if (m->state != GONE) readable(m);
    }
}

static void connect_one(bool web, int port, long i) {
    struct member *m = &members[count];
    *m = (struct member){.web = web, .since = now()};
    int yes = 1;
    struct linger reset = {1, 0}; /* no TIME_WAIT: the next round needs the ports */
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    struct sockaddr_in from = {.sin_family = AF_INET};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    from.sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1 + (unsigned)(i / PER_ADDRESS));
    if ((m->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0)) < 0) die("socket");
    setsockopt(m->fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    setsockopt(m->fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    setsockopt(m->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    if (bind(m->fd, (struct sockaddr *)&from, sizeof from)) die("bind");
    if (connect(m->fd, (struct sockaddr *)&to, sizeof to) && errno != EINPROGRESS) die("connect");
    watch(m, EPOLL_CTL_ADD, EPOLLOUT);
    count++;
}
