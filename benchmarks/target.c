/* The benchmarks' target: answers every request at once, on one thread.

   Usage: target [CPU]. Prints its port. Each line on standard input asks for one line on standard
   output: requests answered so far, and its own CPU time in ns. Ends with the end of its input. */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS 4096
#define ROOM 65536

static const char REPLY[] = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok";

struct connection {
    size_t held;
    char bytes[ROOM];
};

static struct connection *open_ones[CONNECTIONS];
static unsigned long long answered;

/* The length of the request at the start of `bytes`, 0 while it is not whole. */
static size_t whole_request(const char *bytes, size_t held) {
    const char *end = memmem(bytes, held, "\r\n\r\n", 4);
    if (end == NULL) return 0;
    size_t head = (size_t)(end - bytes) + 4, length = 0;
    for (const char *line = bytes; line < end; line++) {
        line = memchr(line, '\n', (size_t)(end + 1 - line));
        if (line == NULL) break;
        if (strncasecmp(line + 1, "content-length:", 15) == 0) {
            length = strtoul(line + 16, NULL, 10);
            break;
        }
    }
    return held >= head + length ? head + length : 0;
}

static void forget(int fd) {
    free(open_ones[fd]);
    open_ones[fd] = NULL;
    close(fd);
}

static void serve(int fd) {
    struct connection *one = open_ones[fd];
    ssize_t got = recv(fd, one->bytes + one->held, ROOM - one->held, 0);
    if (got <= 0) {
        forget(fd);
        return;
    }
    one->held += (size_t)got;
    size_t length;
    while ((length = whole_request(one->bytes, one->held)) > 0) {
        one->held -= length;
        memmove(one->bytes, one->bytes + length, one->held);
        answered++;
        if (send(fd, REPLY, sizeof REPLY - 1, MSG_NOSIGNAL) < 0) {
            forget(fd);
            return;
        }
    }
    if (one->held == ROOM) forget(fd);
}

static void welcome(int listener, int poller) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    if (fd >= CONNECTIONS) {
        close(fd);
        return;
    }
    int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    open_ones[fd] = malloc(sizeof(struct connection));
    if (open_ones[fd] == NULL) abort();
    open_ones[fd]->held = 0;
    struct epoll_event wanted = {.events = EPOLLIN, .data.fd = fd};
    epoll_ctl(poller, EPOLL_CTL_ADD, fd, &wanted);
}

static int say(void) {
    char asked[64];
    if (read(STDIN_FILENO, asked, sizeof asked) <= 0) return 0;
    struct timespec used;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
    printf("%llu %lld\n", answered, (long long)used.tv_sec * 1000000000 + used.tv_nsec);
    fflush(stdout);
    return 1;
}

int main(int count, char **words) {
    if (count > 1) {
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET((size_t)atoi(words[1]), &set);
        sched_setaffinity(0, sizeof set, &set);
    }
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    struct sockaddr_in place = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof place;
    if (bind(listener, (struct sockaddr *)&place, size) < 0 || listen(listener, 1024) < 0) return 1;
    getsockname(listener, (struct sockaddr *)&place, &size);
    printf("%d\n", ntohs(place.sin_port));
    fflush(stdout);
    int poller = epoll_create1(0);
    int watched[] = {listener, STDIN_FILENO};
    for (int i = 0; i < 2; i++) {
        struct epoll_event wanted = {.events = EPOLLIN, .data.fd = watched[i]};
        epoll_ctl(poller, EPOLL_CTL_ADD, watched[i], &wanted);
    }
    struct epoll_event ready[256];
    for (;;) {
        int found = epoll_wait(poller, ready, 256, -1);
        for (int i = 0; i < found; i++) {
            int fd = ready[i].data.fd;
            if (fd == listener) welcome(listener, poller);
            else if (fd == STDIN_FILENO) {
                if (!say()) return 0;
            } else if (open_ones[fd] != NULL) serve(fd);
        }
    }
}
