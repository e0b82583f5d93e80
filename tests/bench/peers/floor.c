/* The floor: what a chat server costs when nothing is done but what the kernel needs.
 *
 *   floor PORT [--web] [--coalesce] [--quiet]
 *
 * One epoll loop, one thread. Each line costs one send() per recipient; with --coalesce, what comes
 * of all that one wakeup brought leaves in one send() per recipient. What a socket does not take is
 * kept, up to KEPT bytes, and sent when it can be. Refuses nobody's name. */
#define _GNU_SOURCE
#include "floor.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { READ = 1 << 16, LINE = 4096, MOST = 65536, EVENTS = 1024, KEPT = 1 << 20 };

struct member {
    int fd;
    bool named, shaken, dirty, stuck, dead;
    char nick[32], *in, *out; /* `in`: a line, head or frame not yet whole */
    size_t had, due, room;
};

static struct member *everybody[MOST], *dirty[MOST], *dead[MOST];
static int present, dirty_count, dead_count, epoll;
static bool web, coalesce, quiet;
static long long last_id;

static void drop(struct member *m) {
    if (m->dead) return;
    m->dead = true;
    dead[dead_count++] = m; /* freed after the turn: events may still point to it */
}

static void keep(struct member *m, const char *data, size_t size) {
    if (m->due + size > m->room)
        m->out = realloc(m->out, m->room = 2 * (m->due + size));
    memcpy(m->out + m->due, data, size), m->due += size;
    if (m->stuck && m->due > KEPT) drop(m);
}

static size_t try_send(struct member *m, const char *data, size_t size) {
    ssize_t sent = send(m->fd, data, size, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0 && errno != EAGAIN) drop(m);
    size_t taken = sent < 0 ? 0 : (size_t)sent;
    if ((taken < size) != m->stuck) {
        m->stuck = !m->stuck;
        struct epoll_event e = {EPOLLIN | (m->stuck ? EPOLLOUT : 0), {.ptr = m}};
        epoll_ctl(epoll, EPOLL_CTL_MOD, m->fd, &e);
    }
    return taken;
}

static void empty(struct member *m) {
    size_t taken = try_send(m, m->out, m->due);
    memmove(m->out, m->out + taken, m->due -= taken);
}

static void give(struct member *m, const char *data, size_t size) {
    if (m->dead) return;
    if (coalesce || m->due) {
        keep(m, data, size);
        if (!m->dirty && !m->stuck) m->dirty = true, dirty[dirty_count++] = m;
        return;
    }
    size_t taken = try_send(m, data, size);
    if (taken < size) keep(m, data + taken, size - taken);
}

static void tell(struct member *but, const char *data, size_t size) {
    for (int i = 0; i < present; i++)
        if (everybody[i] != but) give(everybody[i], data, size);
}

/* Built once per event: a line, or a frame with its head. */
static char *build(char *space, size_t *size, const struct member *who, const char *text) {
    struct timespec t;
    char *at = space + 8, *p = at, quoted[2 * LINE], *q = quoted;
    if (!web) {
        const char *form = text ? "<%s> : %s\r\n" : "<meta>: %s joined.\r\n";
        *size = (size_t)sprintf(at, form, who->nick, text);
        return at;
    }
    clock_gettime(CLOCK_REALTIME, &t);
    p += sprintf(p, "{\"type\":\"%s\",\"id\":%lld,\"at\":%lld.%03ld,\"nick\":\"%s\",\"via\":\"web\"",
                 text ? "said" : "joined", ++last_id, (long long)t.tv_sec, t.tv_nsec / 1000000,
                 who->nick);
    for (; text && *text; text++) {
        if (strchr("\"\\", *text)) *q++ = '\\';
        if ((unsigned char)*text >= ' ') *q++ = *text;
    }
    *q = 0;
    p += sprintf(p, text ? ",\"text\":\"%s\"}" : "}", quoted);
    *size = (size_t)(p - at);
    char *frame = put_head(at, *size);
    *size += (size_t)(at - frame);
    return frame;
}

static void heard(struct member *m, char *text) {
    char space[3 * LINE], *data;
    size_t size;
    if (m->named) {
        data = build(space, &size, m, text);
        tell(web ? NULL : m, data, size);
        return;
    }
    snprintf(m->nick, sizeof m->nick, "%s", text);
    if (!quiet) data = build(space, &size, m, NULL), tell(NULL, data, size);
    size = (size_t)sprintf(space + 8, web ? "{\"type\":\"welcome\",\"nick\":\"%s\"}"
                                          : "<meta>: Welcome %s.\r\n", m->nick);
    data = web ? put_head(space + 8, size) : space + 8;
    give(m, data, size + (size_t)(space + 8 - data));
    m->named = true, everybody[present++] = m;
}

/* Take one line (or the head, or one frame) off the front; how long it was, 0 if it is not whole. */
static size_t take(struct member *m, char *data, size_t size) {
    char *end;
    data[size] = 0;
    if (!web) {
        if (!(end = memchr(data, '\n', size))) return 0;
        *end = 0;
        if (end > data && end[-1] == '\r') end[-1] = 0;
        heard(m, data);
        return (size_t)(end + 1 - data);
    }
    if (!m->shaken) {
        char answer[256];
        if (!(end = strstr(data, "\r\n\r\n"))) return 0;
        give(m, answer, shake_hands(data, answer, sizeof answer));
        m->shaken = true;
        return (size_t)(end + 4 - data);
    }
    size_t head = 2, length = size > 1 ? (unsigned char)data[1] & 127 : 126;
    if (length == 126 && size > 3)
        head = 4, length = (size_t)((unsigned char)data[2] << 8 | (unsigned char)data[3]);
    if (size < 2 || size < head + 4 + length) return 0;
    for (size_t i = 0; i < length; i++) data[head + 4 + i] ^= data[head + i % 4];
    char after = data[head + 4 + length];
    data[head + 4 + length] = 0;
    if ((data[0] & 15) == 1) heard(m, data + head + 4);
    data[head + 4 + length] = after;
    return head + 4 + length;
}

static void readable(struct member *m) {
    static char space[LINE + READ + 1];
    memcpy(space, m->in, m->had);
    ssize_t size = recv(m->fd, space + m->had, READ, 0);
    if (size < 0 && errno == EAGAIN) return;
    if (size <= 0) { drop(m); return; }
    size_t at = 0, all = m->had + (size_t)size, taken;
    while (at < all && (taken = take(m, space + at, all - at))) at += taken;
    if (all - at > LINE) { drop(m); return; }
    if (all > at && !m->in) m->in = malloc(LINE);
    memcpy(m->in, space + at, m->had = all - at);
}

static void accept_all(int listener) {
    int fd, yes = 1;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        struct member *m = calloc(1, sizeof *m);
        struct epoll_event e = {EPOLLIN, {.ptr = m}};
        m->fd = fd;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
        epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
        if (!web) give(m, "<meta>: Please enter username: ", 31);
    }
}

static void bury(void) {
    for (; dead_count; free(dead[dead_count])) {
        struct member *m = dead[--dead_count];
        for (int i = 0; i < present; i++)
            if (everybody[i] == m) everybody[i] = everybody[--present];
        close(m->fd), free(m->in), free(m->out);
    }
}

int main(int argc, char **argv) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit), limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    if (argc < 2) return 2;
    for (int i = 2; i < argc; i++) {
        web |= !strcmp(argv[i], "--web");
        coalesce |= !strcmp(argv[i], "--coalesce"), quiet |= !strcmp(argv[i], "--quiet");
    }
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons((unsigned short)atoi(argv[1]))};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int yes = 1, listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener, (struct sockaddr *)&address, sizeof address) || listen(listener, 4096)) {
        perror("floor");
        return 1;
    }
    epoll = epoll_create1(0);
    static struct epoll_event events[EVENTS];
    struct epoll_event e = {EPOLLIN, {.ptr = NULL}};
    for (epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &e);; bury()) {
        int ready = epoll_wait(epoll, events, EVENTS, -1);
        for (int i = 0; i < ready; i++) {
            struct member *m = events[i].data.ptr;
            if (!m) accept_all(listener);
            else if (!m->dead && events[i].events & EPOLLOUT) empty(m);
            else if (!m->dead) readable(m);
        }
        for (; dirty_count; dirty[dirty_count]->dirty = false)
            if (!dirty[--dirty_count]->dead) empty(dirty[dirty_count]);
    }
}
