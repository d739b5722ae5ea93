#include "lib/base/docker.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

int
docker_read(struct secret *input)
{
    ssize_t n;

    do {
        if (input->len > DOCKER_INPUT_MAX || secret_reserve(input, 1024) < 0)
            return -1;
        n = read(STDIN_FILENO, input->data + input->len,
                 input->room - input->len - 1);
        if (n > 0)
            input->len += (size_t)n;
        input->data[input->len] = '\0';
    } while (n > 0 || (n < 0 && errno == EINTR));
    return n < 0 || strlen(input->data) != input->len ? -1 : 0;
}

char *
docker_trim(char *text)
{
    static const char blanks[] = " \t\r\n\v\f";
    size_t len;

    while (*text && strchr(blanks, *text))
        text++;
    len = strlen(text);
    while (len > 0 && strchr(blanks, text[len - 1]))
        text[--len] = '\0';
    return text;
}
