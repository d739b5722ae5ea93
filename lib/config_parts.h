/*
 * config_parts.h - what config.c, config_file.c and config_provider.c share.
 * For them alone.
 */
#ifndef PARALLEL_CONFIG_PARTS_H
#define PARALLEL_CONFIG_PARTS_H

#include "lib/config.h"

/* What the handler of one file needs to know. */
struct config_reading {
    struct config *config;
    const char *file;
    bool system; /* the system's: policy is allowed */
};

/* A line of a file, for conf_parse(); context is a config_reading. */
int config_handle(void *context, const char *section, const char *name,
                  const char *value, int line, struct error *err);

/* What a step has brought; a mistake, if somebody wants to hear of it, is none
 * for who goes on. */
int config_pass(const struct config *config, int result, struct error *err);

/* Read the system's file, its drop-ins, and the person's own file. */
int config_read_files(struct config *config, const char *system_file,
                      const struct place *place, struct error *err);

/* Where a value came from; line 0: file is no file. 0, or -1 without memory.
 */
int config_set_origin(struct config_origin *origin, const char *file,
                      int line);

/* Whether a section's name is that of a provider: "provider NAME". */
bool config_is_provider(const char *section);

/* One line of such a section. system: of a file of the system's. */
int config_handle_provider(struct config *config, const char *section,
                           const char *name, const char *value,
                           const char *file, int line, bool system,
                           struct error *err);

/* Lock provider NAME, or "*": word is one of locked_keys, in a line of file.
 * 1; 0: it is not about a provider; -1 without memory. */
int config_lock_provider(struct config *config, const char *word,
                         const char *file, int line);

/* All files are read: what depends on other keys, and what does not go
 * together. */
int config_finish_providers(struct config *config, struct error *err);

void config_release_providers(struct config *config);

#endif
