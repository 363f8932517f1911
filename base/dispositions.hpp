// What this process was told to do on signals by whoever started it.
#pragma once

#include <signal.h>

namespace mpmt {

/// Whether the process ignores this signal: nohup has SIGHUP ignored, a shell without job control SIGINT and SIGQUIT of
/// what it starts in the background. A wish like that holds for us and for what we start.
bool is_ignored(int signal);

/// All signals but those of SIGHUP, SIGINT, SIGQUIT and SIGTERM that are ignored: what gets its default action back in
/// a process that we start.
sigset_t reset_for_others();

/// To be called first of all: SIGCHLD does what it does by default, since a parent that ignored it would have the
/// kernel reap our children before we can ask how they ended; and no signal that ends a process stays blocked.
void settle_dispositions();

}  // namespace mpmt
