/* A function of the world samovar:function: bytes in, bytes out. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "function.h"

static int calls = 0;

static bool is(const function_list_u8_t *event, const char *what)
{
    char member[32];
    int length = snprintf(member, sizeof member, "\"do\":\"%s\"", what);
    return memmem(event->ptr, event->len, member, length) != NULL;
}

bool exports_samovar_function_handler_handle(
    function_list_u8_t *event, exports_samovar_function_handler_context_t *context,
    function_list_u8_t *response, exports_samovar_function_handler_error_t *error)
{
    const char *greeting = getenv("GREETING");
    char *text;
    int length;

    calls++;
    if (is(event, "log")) {
        printf("printed: Зоя\n");
        fprintf(stderr, "to standard error\n");
        fflush(stdout);
    }
    if (is(event, "fail"))
        abort();
    if (is(event, "refuse")) {
        function_string_dup(&error->error_type, "OutOfStock");
        function_string_dup(&error->message, "no teapots left");
        return false;
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
    if (is(event, "context"))
        length = asprintf(&text,
                          "{\"request_id\":\"%.*s\",\"function_name\":\"%.*s\","
                          "\"memory_limit_mb\":%u}",
                          (int)context->request_id.len, context->request_id.ptr,
                          (int)context->function_name.len, context->function_name.ptr,
                          context->memory_limit_mb);
    else
        length = asprintf(&text, "{\"event\":%.*s,\"calls\":%d,\"greeting\":\"%s\"}",
                          (int)event->len, event->ptr, calls, greeting ? greeting : "");
    if (length < 0)
        abort();
    response->ptr = (uint8_t *)text;
    response->len = length;
    return true;
}
