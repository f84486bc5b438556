/* A command: the event on standard input, the response on standard output. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int calls = 0;

static int is(const char *event, const char *what)
{
    char member[32];
    snprintf(member, sizeof member, "\"do\":\"%s\"", what);
    return strstr(event, member) != NULL;
}

int main(void)
{
    static char event[1 << 20];
    const char *greeting = getenv("GREETING");
    size_t length = fread(event, 1, sizeof event - 1, stdin);
    event[length] = '\0';
    calls++;
    if (is(event, "log"))
        fputs("to standard error\n", stderr);
    if (is(event, "fail"))
        abort();
    if (is(event, "refuse")) {
        fputs("no teapots left\n", stderr);
        return 3;
    }
    while (is(event, "spin"))
        ;
    if (is(event, "grow")) {
        size_t size = (size_t)256 << 20;
        volatile char *memory = malloc(size);
        if (memory == NULL)
            abort();
        for (size_t at = 0; at < size; at += 4096)
            memory[at] = 1;
    }
    printf("{\"event\":%s,\"calls\":%d,\"greeting\":\"%s\"}", event, calls,
           greeting ? greeting : "");
    return 0;
}
