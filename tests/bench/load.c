/* The load generator: N chat members in one epoll loop, told what to do by lines on stdin.
 *
 * It must cost less than any server, so it never parses a frame: each message ends in one MARK byte
 * that occurs nowhere else (workloads.py says why that is safe), and arrivals are counted by MARKs.
 * Knows no server and no statistics: raw nanoseconds go to stdout, one JSON object per command.
 *
 *   join DOOR PORT COUNT WINDOW RATE LIMIT_MS    at most WINDOW under way; RATE a second, 0: any
 *   quiet MS                                     until nothing has come for so long
 *   call|burst|crowd COUNT LENGTH LIMIT_MS       one by one | one speaker, at once | many speakers
 *   stall COUNT                                  the last COUNT members stop reading, for good
 *   pong                                         a sign of life from every web member
 */
#define _GNU_SOURCE
#include "members.h"
#include <stdlib.h>
#include <sys/resource.h>

static void join(bool web, int port, long n, long window, long rate, long limit) {
    int first = count, before = joined;
    long long start = now();
    while (joined - before < n && now() - start < limit * 1000000LL) {
        long due = n, begun = count - first;
        if (rate) due = (long)((now() - start) * rate / 1000000000LL) + 1;
        if (due > begun + EVENTS) due = begun + EVENTS; /* then look what has come */
        for (; begun < n && begun < due && begun - (joined - before) < window; begun++)
            connect_one(web, port, begun);
        pump(rate && begun < n ? 0 : 10);
    }
    active = count;
    printf("{\"joined\":%d,\"lost\":%d,\"wall\":%lld,\"bytes\":%lld,\"times\":[", joined - before,
           lost, now() - start, bytes);
    const char *comma = "";
    for (int i = first; i < count; i++)
        if (members[i].state == IN)
            printf("%s%lld", comma, members[i].welcomed - members[i].since), comma = ",";
    puts("]}");
}

static void quiet(long ms) {
    long long start = now(), b = bytes;
    last_read = start;
    while (now() - last_read < ms * 1000000LL && now() - start < 120000000000LL) pump(10);
    printf("{\"wall\":%lld,\"bytes\":%lld}\n", last_read - start, bytes - b);
}

/* Send the line of one speaker; how many copies are to come of it. */
static long speak(int who, const char *data, size_t size, int lines) {
    members[who].own += lines;
    send_all(&members[who], data, size);
    return (long)(active - (members[who].web ? 0 : 1)) * lines;
}

static void work(const char *what, long n, size_t length, long limit) {
    long long *times = calloc((size_t)n + 1, sizeof *times), due = 0;
    char text[1 << 16], *data = malloc((size_t)n * (length + 16) + sizeof text);
    bool call = !strcmp(what, "call"), crowd = !strcmp(what, "crowd");
    if (length >= sizeof text || !active) exit(2);
    memset(text, 'x', length), memcpy(text, "hello", 5), text[length - 1] = MARK;
    for (int i = 0; i < active; i++) members[i].marks = members[i].own = 0;
    total = idle = 0;
    spin = may_spin; /* only while measuring: others may need the core meanwhile */
    long long start = now(), cpu = clock_ns(CLOCK_PROCESS_CPUTIME_ID), b = bytes, mark = start;
    long done = 0;
    if (!call && !crowd) { /* burst: as few writes as the socket takes */
        size_t size = 0;
        for (long i = 0; i < n; i++) size += line(data + size, &members[0], text, length);
        due = speak(0, data, size, (int)n);
    }
    for (long i = 0; i < n && (call || crowd) && !lost; i++) {
        int who = (int)((i * 7919) % active);
        mark = now();
        due += speak(who, data, line(data, &members[who], text, length), 1);
        if (crowd) continue;
        while (total < due && !lost && (now() - mark) < limit * 1000000LL) pump(1);
        if (total < due) break;
        times[done++] = now() - mark;
    }
    while (total < due && !lost && now() - mark < limit * 1000000LL) pump(1);
    long long wall = now() - start, wrong = 0;
    spin = false;
    for (int i = 0; i < active; i++) {
        long sent = call ? done : n;
        wrong += members[i].marks != sent - (members[i].web ? 0 : members[i].own);
    }
    printf("{\"wall\":%lld,\"cpu\":%lld,\"idle\":%lld,\"bytes\":%lld,\"due\":%lld,\"came\":%lld,"
           "\"wrong\":%lld,\"lost\":%d,\"evicted\":%d,\"times\":[", wall,
           clock_ns(CLOCK_PROCESS_CPUTIME_ID) - cpu, idle, bytes - b, due, total, wrong, lost,
           evicted);
    for (long i = 0; i < done; i++) printf(i ? ",%lld" : "%lld", times[i]);
    puts("]}");
    free(times), free(data);
}

static void stall(long n) {
    int little = 4096;
    for (; n > 0 && active > 1; n--) {
        struct member *m = &members[--active];
        setsockopt(m->fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
        m->stalled = true;
        watch(m, EPOLL_CTL_MOD, 0); /* still tells of the end */
    }
    printf("{\"active\":%d}\n", active);
}

int main(int argc, char **argv) {
    struct rlimit limit;
    getrlimit(RLIMIT_NOFILE, &limit), limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    may_spin = argc > 1 && !strcmp(argv[1], "spin");
    epoll = epoll_create1(0);
    setvbuf(stdout, NULL, _IOFBF, 1 << 16);
    char input[256], what[16], door[16];
    long a, b, c, d, e;
    while (fgets(input, sizeof input, stdin)) {
        if (sscanf(input, "join %15s %ld %ld %ld %ld %ld", door, &a, &b, &c, &d, &e) == 6)
            join(!strcmp(door, "web"), (int)a, b, c, d, e);
        else if (sscanf(input, "quiet %ld", &a) == 1) quiet(a);
        else if (sscanf(input, "stall %ld", &a) == 1) stall(a);
        else if (!strncmp(input, "pong", 4)) {
            char data[16];
            size_t size = frame(data, 10, "", 0);
            for (int i = 0; i < active; i++)
                if (members[i].web) send_all(&members[i], data, size);
            puts("{}");
        } else if (sscanf(input, "%15s %ld %ld %ld", what, &a, &b, &c) == 4)
            work(what, a, (size_t)b, c);
        else return 2;
        fflush(stdout);
    }
    return 0;
}
