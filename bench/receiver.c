/*
 * What a plain C program needs to take a file off HTTP connections: recv into blocks of 1 MiB, one pwrite for each, nothing
 * verified, nothing resumed, nothing balanced. The yardstick of `npm run bench -- loopback`.
 *
 *   receiver PORT PATH BYTES CONNECTIONS OUT      (from 127.0.0.1; exits with 1 and one line where anything is odd)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { block_bytes = 1 << 20, connections_max = 64 };

struct connection {
  char *block;
  size_t filled;
  off_t offset, end;
  int in_body;
};

static void fail(const char *what) {
  perror(what);
  exit(1);
}

static void write_all(int file, const char *from, size_t bytes, off_t offset) {
  while (bytes > 0) {
    ssize_t n = pwrite(file, from, bytes, offset);
    if (n <= 0) fail("pwrite");
    from += n, bytes -= (size_t)n, offset += n;
  }
}

int main(int argc, char **argv) {
  if (argc != 6) return fputs("usage: receiver PORT PATH BYTES CONNECTIONS OUT\n", stderr), 1;
  const off_t size = atoll(argv[3]);
  const int count = atoi(argv[4]);
  if (count < 1 || count > connections_max || size < count) return fputs("1 to 64 connections\n", stderr), 1;
  const int file = open(argv[5], O_RDWR | O_CREAT | O_TRUNC, 0666);
  if (file < 0 || ftruncate(file, size) != 0) fail(argv[5]);

  static struct connection connections[connections_max];
  static struct pollfd sockets[connections_max];
  for (int i = 0; i < count; i += 1) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(argv[1]))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof to) != 0) fail("connect");
    struct connection *c = &connections[i];
    c->offset = size / count * i;
    c->end = i == count - 1 ? size : size / count * (i + 1);
    c->block = malloc(block_bytes);
    char request[1024];
    const int length = snprintf(request, sizeof request,
      "GET %s HTTP/1.1\r\nHost: 127.0.0.1\r\nRange: bytes=%lld-%lld\r\n\r\n", argv[2], (long long)c->offset, (long long)c->end - 1);
    if (send(fd, request, (size_t)length, 0) != length) fail("send");
    sockets[i] = (struct pollfd){.fd = fd, .events = POLLIN};
  }
  for (int open_count = count; open_count > 0;) {
    if (poll(sockets, (nfds_t)count, -1) < 0) fail("poll");
    for (int i = 0; i < count; i += 1) {
      if (sockets[i].revents == 0) continue;
      struct connection *c = &connections[i];
      const ssize_t n = recv(sockets[i].fd, c->block + c->filled, block_bytes - c->filled, 0);
      if (n <= 0) fail("recv");
      c->filled += (size_t)n;
      if (!c->in_body) {
        char *head_end = memmem(c->block, c->filled, "\r\n\r\n", 4);
        if (head_end == NULL) continue;
        if (strncmp(c->block, "HTTP/1.1 206", 12) != 0) return fputs("expected status 206\n", stderr), 1;
        const size_t head = (size_t)(head_end + 4 - c->block);
        memmove(c->block, c->block + head, c->filled - head);
        c->filled -= head;
        c->in_body = 1;
      }
      const int is_last = c->offset + (off_t)c->filled >= c->end;
      if (c->filled < block_bytes && !is_last) continue;
      write_all(file, c->block, c->filled, c->offset);
      c->offset += (off_t)c->filled;
      c->filled = 0;
      if (!is_last) continue;
      close(sockets[i].fd);
      sockets[i].fd = -1;
      open_count -= 1;
    }
  }
  return close(file) == 0 ? 0 : 1;
}
