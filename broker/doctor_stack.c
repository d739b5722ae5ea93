#include "broker/doctor_stack.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cleanup.h"

/* Files that include each other come to an end here. */
#define STACK_DEPTH 16
#define STACK_FILES 200
#define STACK_LINES 1000

const char *const stack_folders[] = {"/etc/pam.d", "/usr/lib/pam.d", NULL};

static void stack_read_file(struct stack *stack, const char *name,
                            const char *type, int depth);

/* Only what is a file: nothing else comes to an end. */
static FILE *
stack_open_path(const char *path)
{
    cleanup_close int fd =
        open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    struct stat st;
    FILE *file = NULL;

    if (fd >= 0 && fstat(fd, &st) == 0 && S_ISREG(st.st_mode))
        file = fdopen(fd, "r");
    if (file)
        steal_fd(&fd);
    return file;
}

static FILE *
stack_open(const char *name, char *path)
{
    FILE *file = NULL;

    if (*name == '/') {
        snprintf(path, PATH_MAX, "%s", name);
        return stack_open_path(path);
    }
    for (size_t i = 0; !file && stack_folders[i]; i++) {
        snprintf(path, PATH_MAX, "%s/%s", stack_folders[i], name);
        file = stack_open_path(path);
    }
    return file;
}

/* The next word, ended; one that begins with a bracket goes on to the other.
 * NULL: there is none. */
static char *
stack_word(char **rest)
{
    char *word = *rest + strspn(*rest, " \t"), *end;

    if (!*word)
        return NULL;
    end = *word == '[' ? strchr(word, ']') : word + strcspn(word, " \t");
    if (*word == '[' && end)
        end++;
    if (!end)
        end = word + strlen(word);
    *rest = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

static void
stack_add(struct stack *stack, const struct stack_line *line)
{
    struct stack_line *grown, *item;

    if (stack->count >= STACK_LINES)
        return;
    grown = realloc(stack->item, (stack->count + 1) * sizeof *stack->item);
    if (!grown)
        return;
    stack->item = grown;
    item = &grown[stack->count];
    *item = (struct stack_line){strdup(line->place), strdup(line->type),
                                strdup(line->control), strdup(line->module)};
    if (item->place && item->type && item->control && item->module) {
        stack->count++;
        return;
    }
    free(item->place);
    free(item->type);
    free(item->control);
    free(item->module);
}

/* type: only lines of this one, as "include" wants it; NULL: all. */
static void
stack_take(struct stack *stack, char *text, char *place, const char *type,
           int depth)
{
    struct stack_line line = {place, stack_word(&text), NULL, NULL};

    if (!line.type)
        return;
    line.control = stack_word(&text);
    if (!line.control)
        return;
    if (strcmp(line.type, "@include") == 0) {
        stack_read_file(stack, line.control, type, depth + 1);
        return;
    }
    if (*line.type == '-')
        line.type++;
    line.module = stack_word(&text);
    if (!line.module || (type && strcmp(type, line.type) != 0))
        return;
    if (strcmp(line.control, "include") == 0 ||
        strcmp(line.control, "substack") == 0)
        stack_read_file(stack, line.module, line.type, depth + 1);
    else
        stack_add(stack, &line);
}

/* A line with those that go on from it; false at the end. */
static bool
stack_next(FILE *file, char **text, size_t *room, int *number, int *first)
{
    cleanup_free char *more = NULL;
    size_t more_room = 0;
    ssize_t len = getline(text, room, file);

    *first = ++*number;
    while (len > 0) {
        char *end = *text + strcspn(*text, "\r\n"), *joined;

        *end = '\0';
        if (end == *text || end[-1] != '\\' ||
            getline(&more, &more_room, file) < 0)
            break;
        ++*number;
        end[-1] = '\0';
        if (asprintf(&joined, "%s %s", *text, more) < 0)
            return false;
        free(*text);
        *text = joined;
        *room = strlen(joined) + 1;
    }
    if (len > 0)
        (*text)[strcspn(*text, "#")] = '\0';
    return len > 0;
}

static void
stack_read_file(struct stack *stack, const char *name, const char *type,
                int depth)
{
    char path[PATH_MAX], place[PATH_MAX + 16];
    cleanup_free char *text = NULL;
    int number = 0, first = 0;
    size_t room = 0;
    FILE *file = NULL;

    if (depth < STACK_DEPTH && stack->files++ < STACK_FILES)
        file = stack_open(name, path);
    if (!file)
        return;
    while (stack_next(file, &text, &room, &number, &first)) {
        snprintf(place, sizeof place, "%s:%d", path, first);
        stack_take(stack, text, place, type, depth);
    }
    fclose(file);
}

void
stack_read(struct stack *stack, const char *service)
{
    stack_read_file(stack, service, NULL, 0);
}

void
stack_release(struct stack *stack)
{
    for (size_t i = 0; i < stack->count; i++) {
        free(stack->item[i].place);
        free(stack->item[i].type);
        free(stack->item[i].control);
        free(stack->item[i].module);
    }
    free(stack->item);
    *stack = (struct stack){NULL, 0, 0};
}

bool
stack_line_is(const struct stack_line *line, const char *name)
{
    const char *slash = strrchr(line->module, '/');

    return strcmp(slash ? slash + 1 : line->module, name) == 0;
}
