/* The least of RFC 6455 that a server needs: the answer to a handshake, and the head of a frame. */
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static uint32_t turn(uint32_t x, int by) { return x << by | x >> (32 - by); }

/* SHA-1 (RFC 3174) of at most 119 bytes: a handshake's key and GUID are 60. */
static void sha1(const char *data, size_t size, unsigned char *out) {
    unsigned char text[128] = {0};
    uint32_t h[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0}, w[80];
    size_t whole = size < 56 ? 64 : 128;
    memcpy(text, data, size), text[size] = 0x80;
    text[whole - 2] = (unsigned char)(size * 8 >> 8), text[whole - 1] = (unsigned char)(size * 8);
    for (size_t block = 0; block < whole; block += 64) {
        uint32_t a = h[0], b = h[1], c = h[2], d = h[3], e = h[4];
        for (int i = 0; i < 16; i++) {
            const unsigned char *p = text + block + 4 * i;
            w[i] = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        }
        for (int i = 16; i < 80; i++) w[i] = turn(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
        for (int i = 0; i < 80; i++) {
            uint32_t f = i < 20 ? ((b & c) | (~b & d)) + 0x5a827999
                       : i < 40 ? (b ^ c ^ d) + 0x6ed9eba1
                       : i < 60 ? ((b & c) | (b & d) | (c & d)) + 0x8f1bbcdc
                                : (b ^ c ^ d) + 0xca62c1d6;
            uint32_t t = turn(a, 5) + f + e + w[i];
            e = d, d = c, c = turn(b, 30), b = a, a = t;
        }
        h[0] += a, h[1] += b, h[2] += c, h[3] += d, h[4] += e;
    }
    for (int i = 0; i < 20; i++) out[i] = (unsigned char)(h[i / 4] >> (24 - 8 * (i % 4)));
}

/* The 101 for a request head, or nothing if it asks for no websocket. */
static size_t shake_hands(const char *head, char *out, size_t room) {
    static const char letters[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *field = strstr(head, "Sec-WebSocket-Key: ");
    char key[64], accept[32];
    unsigned char hash[21] = {0};
    if (!field) return 0;
    snprintf(key, sizeof key, "%.24s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", field + 19);
    sha1(key, 60, hash);
    for (int i = 0; i < 7; i++) {
        uint32_t three = (uint32_t)hash[3 * i] << 16 | (uint32_t)hash[3 * i + 1] << 8
                       | hash[3 * i + 2];
        for (int j = 0; j < 4; j++) accept[4 * i + j] = letters[three >> (18 - 6 * j) & 63];
    }
    accept[27] = '=';
    return (size_t)snprintf(out, room, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Accept: %.28s\r\n\r\n", accept);
}

/* Put an unmasked text frame's head before the payload that begins at `text`; where it begins. */
static char *put_head(char *text, size_t size) {
    if (size < 126) *--text = (char)size;
    else *--text = (char)size, *--text = (char)(size >> 8), *--text = 126;
    *--text = (char)0x81;
    return text;
}
