/*
 * Going into the background: the parent stays till the platform is ready, so
 * who started it can go on at once, and knows if it failed.
 */
#ifndef PLATFORM_BACKGROUND_H
#define PLATFORM_BACKGROUND_H

/*
 * Forks; returns in the child only, which has no terminal and no inherited
 * descriptors, and writes to DIR/platform.out. The parent exits when the
 * child says so.
 */
void background_enter(const char *dir);

/*
 * Tells the waiting parent that all is well (NULL), or the reason it is not.
 * Does nothing when there is no parent waiting.
 */
void background_tell(const char *failure);

#endif
