/* The end of the program, with the tasks of its last steps. */
#ifndef NSI_MAIN_H
#define NSI_MAIN_H

__attribute__((noreturn)) void nsi_exit(int code);

#endif
