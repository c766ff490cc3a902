/*
 * The links of `npm run bench -- links`: a rate, a queue, a delay and losses between a client and its servers, each in a network
 * namespace of its own. The kernel's netem is not needed, which is not everywhere.
 *
 *   relay CLIENT-NS CLIENT-RATE CLIENT-QUEUE  { SERVER-NS RTT-US RATE QUEUE LOSS-PPM } ...
 *
 * Rates in bytes a second of IP packets (the client's: 14 more for each, as Ethernet counts; 0: as fast as they come), queues
 * in bytes. Makes a TUN device `link0` in each namespace, and says "ready". The packets of server i (from 0) come from and go to 10.83.(i+1).1.
 *
 *   server --> queue, rate, loss --> half a round trip --> [ queue, rate of the client ] --> client
 *   client --> half a round trip --> server
 *
 * Reads from standard input until it ends: "rate I BYTES", the rate of server i from its next packet on; "cut I", its cable is
 * pulled. At the end it says how late packets left, on average and at most, in microseconds: with more than some hundreds the machine was
 * too busy, and the run says nothing.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

enum { servers_max = 64, packet_max = 2048, batch = 1024, ethernet_bytes = 14, tick_ns = 250000 };

typedef struct packet {
  struct packet *next;
  uint64_t due; /* When it leaves, in ns; in a link's queue not known yet. */
  int from;
  size_t bytes;
  unsigned char data[packet_max];
} packet;

typedef struct {
  packet *first, *last;
} fifo;

/* A queue before something that carries `rate` bytes a second, one packet after the other. */
typedef struct {
  fifo queue;
  size_t queued, queue_max, framing;
  double rate;
  uint64_t head_done; /* When the first packet of the queue will have been carried. */
} link_t;

typedef struct {
  int fd, is_cut;
  uint64_t delay;
  double loss;
  link_t link;
  fifo down, up;
} server_t;

static server_t servers[servers_max];
static int server_count, client_fd;
static link_t client_link;
static packet *spare;
static uint64_t late_sum, late_max, late_count;

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static uint64_t now_ns(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static packet *take_spare(void) {
  packet *p = spare;
  if (p != NULL) spare = p->next;
  else if ((p = malloc(sizeof *p)) == NULL) fail("malloc");
  return p;
}

static void give_back(packet *p) {
  p->next = spare;
  spare = p;
}

static void push(fifo *q, packet *p) {
  p->next = NULL;
  if (q->first == NULL) q->first = p;
  else q->last->next = p;
  q->last = p;
}

static packet *shift(fifo *q) {
  packet *p = q->first;
  q->first = p->next;
  return p;
}

static uint64_t carry_ns(const link_t *link, const packet *p) {
  return (uint64_t)((double)(p->bytes + link->framing) * 1e9 / link->rate);
}

/* Puts a packet at the end of a link's queue, or drops it where that is full. */
static void enqueue(link_t *link, packet *p, uint64_t at) {
  if (link->queued + p->bytes > link->queue_max) return give_back(p);
  if (link->queue.first == NULL) link->head_done = at + carry_ns(link, p);
  link->queued += p->bytes;
  push(&link->queue, p);
}

/* The first packet of a link that has been carried by now, with the time of that in `due`; NULL where there is none. */
static packet *carried(link_t *link, uint64_t now) {
  if (link->queue.first == NULL || link->head_done > now) return NULL;
  packet *p = shift(&link->queue);
  p->due = link->head_done;
  link->queued -= p->bytes;
  if (link->queue.first != NULL) link->head_done += carry_ns(link, link->queue.first);
  return p;
}

static packet *due_by(fifo *q, uint64_t now) { return q->first != NULL && q->first->due <= now ? shift(q) : NULL; }

static void deliver(int fd, packet *p, uint64_t now) {
  const uint64_t late = now - p->due;
  late_sum += late, late_count += 1;
  if (late > late_max) late_max = late;
  /* A device that is gone or full loses a packet, as a network does. */
  if (write(fd, p->data, p->bytes) < 0 && errno != EAGAIN && errno != ENOBUFS && errno != EIO && errno != EINVAL) fail("write");
  give_back(p);
}

static void to_client(packet *p, uint64_t now) {
  if (client_link.rate > 0) enqueue(&client_link, p, p->due);
  else deliver(client_fd, p, now);
}

/* Moves on everything whose time has come. */
static void move_on(uint64_t now) {
  packet *p;
  for (int i = 0; i < server_count; i += 1) {
    server_t *s = &servers[i];
    while ((p = carried(&s->link, now)) != NULL) {
      if (s->is_cut || drand48() < s->loss) give_back(p);
      else p->due += s->delay, push(&s->down, p);
    }
    while ((p = due_by(&s->down, now)) != NULL) to_client(p, now);
    while ((p = due_by(&s->up, now)) != NULL) deliver(s->fd, p, now);
  }
  while ((p = carried(&client_link, now)) != NULL) deliver(client_fd, p, now);
}

/* Whether anything is on its way. */
static int is_busy(void) {
  for (int i = 0; i < server_count; i += 1) {
    const server_t *s = &servers[i];
    if (s->link.queue.first != NULL || s->down.first != NULL || s->up.first != NULL) return 1;
  }
  return client_link.queue.first != NULL;
}

/* Sleeps until the next tick: what comes and goes meanwhile is worked through together, at a fraction of the CPU time. */
static void sleep_a_tick(void) {
  const uint64_t rest = tick_ns - now_ns() % tick_ns;
  clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){.tv_nsec = (long)rest}, NULL);
}

/* A packet from a device, or NULL where there is none that is IPv4. */
static packet *read_packet(int fd, int *is_empty) {
  packet *p = take_spare();
  const ssize_t n = read(fd, p->data, packet_max);
  *is_empty = n <= 0;
  if (n >= 20 && p->data[0] >> 4 == 4) return p->bytes = (size_t)n, p;
  give_back(p);
  return NULL;
}

static void read_server(server_t *s, uint64_t now) {
  for (int i = 0, is_empty = 0; i < batch && !is_empty; i += 1) {
    packet *p = read_packet(s->fd, &is_empty);
    if (p != NULL && s->is_cut) give_back(p);
    else if (p != NULL) enqueue(&s->link, p, now);
  }
}

static void read_client(uint64_t now) {
  for (int i = 0, is_empty = 0; i < batch && !is_empty; i += 1) {
    packet *p = read_packet(client_fd, &is_empty);
    if (p == NULL) continue;
    const int to = p->data[18] - 1; /* 10.83.(i+1).1 */
    if (to < 0 || to >= server_count || servers[to].is_cut) give_back(p);
    else p->due = now + servers[to].delay, push(&servers[to].up, p);
  }
}

/* A device `link0` in a namespace. */
static int open_device(const char *namespace, int own_namespace) {
  char path[300];
  snprintf(path, sizeof path, "/run/netns/%s", namespace);
  const int there = open(path, O_RDONLY | O_CLOEXEC);
  if (there < 0 || setns(there, CLONE_NEWNET) != 0) fail(path);
  const int fd = open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC);
  struct ifreq request = {.ifr_flags = IFF_TUN | IFF_NO_PI};
  strcpy(request.ifr_name, "link0");
  if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) fail("/dev/net/tun");
  if (setns(own_namespace, CLONE_NEWNET) != 0) fail("setns");
  return close(there), fd;
}

static void obey(const char *line) {
  int i;
  double rate;
  if (sscanf(line, "rate %d %lf", &i, &rate) == 2 && i >= 0 && i < server_count && rate > 0) servers[i].link.rate = rate;
  else if (sscanf(line, "cut %d", &i) == 1 && i >= 0 && i < server_count) servers[i].is_cut = 1;
  else fprintf(stderr, "relay: no command: %s\n", line), exit(1);
}

/* Obeys all whole lines of standard input. 0 once that has ended. */
static int read_commands(void) {
  static char text[4096];
  static size_t filled;
  const ssize_t n = read(STDIN_FILENO, text + filled, sizeof text - 1 - filled);
  if (n <= 0) return 0;
  filled += (size_t)n;
  for (char *end; (end = memchr(text, '\n', filled)) != NULL;) {
    *end = '\0';
    obey(text);
    filled -= (size_t)(end + 1 - text);
    memmove(text, end + 1, filled);
  }
  return 1;
}

int main(int argc, char **argv) {
  server_count = (argc - 4) / 5;
  if (argc < 9 || (argc - 4) % 5 != 0 || server_count > servers_max) return fputs("relay: see the head of relay.c\n", stderr), 1;
  const int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC);
  client_fd = open_device(argv[1], own);
  client_link.rate = atof(argv[2]), client_link.queue_max = strtoull(argv[3], NULL, 10), client_link.framing = ethernet_bytes;
  struct pollfd polled[servers_max + 2] = {{.fd = STDIN_FILENO, .events = POLLIN}, {.fd = client_fd, .events = POLLIN}};
  for (int i = 0; i < server_count; i += 1) {
    char **facts = &argv[4 + 5 * i];
    server_t *s = &servers[i];
    s->fd = open_device(facts[0], own);
    s->delay = strtoull(facts[1], NULL, 10) * 500;
    s->link.rate = atof(facts[2]);
    s->link.queue_max = strtoull(facts[3], NULL, 10);
    s->loss = atof(facts[4]) / 1e6;
    polled[2 + i] = (struct pollfd){.fd = s->fd, .events = POLLIN};
  }
  /* Before all else that runs, and woken when it is due: what is late here looks like the network. */
  prctl(PR_SET_TIMERSLACK, 1);
  sched_setscheduler(0, SCHED_RR, &(struct sched_param){.sched_priority = 10});
  signal(SIGINT, SIG_IGN); /* It is who started it that ends it. */
  puts("ready"), fflush(stdout);
  for (;;) {
    const int busy = is_busy();
    if (busy) sleep_a_tick();
    if (poll(polled, (nfds_t)server_count + 2, busy ? 0 : -1) < 0 && errno != EINTR) fail("poll");
    if (polled[0].revents != 0 && !read_commands()) break;
    const uint64_t now = now_ns();
    if (polled[1].revents != 0) read_client(now);
    for (int i = 0; i < server_count; i += 1)
      if (polled[2 + i].revents != 0) read_server(&servers[i], now);
    move_on(now_ns());
  }
  printf("late %.0f %.0f\n", late_count == 0 ? 0 : (double)late_sum / (double)late_count / 1e3, (double)late_max / 1e3);
  return 0;
}
