#include "helper/front.h"

#include <string.h>

int
front_capability(struct front *front)
{
    static char text[] = "version 0\ncapability authtype\n";
    const struct secret answer = {text, sizeof text - 1, 0};

    (void)front;
    return front_answer(&answer);
}
