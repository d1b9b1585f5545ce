/* What the runner says: messages to stdout, warnings and errors to stderr. */
#ifndef NSI_TRACING_H
#define NSI_TRACING_H

__attribute__((noreturn, format(printf, 1, 2))) void nsi_print_error_and_exit(const char *format, ...);
__attribute__((format(printf, 1, 2))) void nsi_print_warning(const char *format, ...);
__attribute__((format(printf, 1, 2))) void nsi_print_trace(const char *format, ...);

#endif
