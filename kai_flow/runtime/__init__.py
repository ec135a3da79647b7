"""Running a program in the foreground: signals, logs, ports, file locks, an HTTP server."""
