#pragma once

/// Registers two file systems, once; both are SQLite's own but for one thing.
///
/// "heliograph-log" writes a commit to the write-ahead log by few calls; it is for connections with `synchronous = FULL`.
/// "heliograph-step" syncs what a checkpoint writes step by step. Returns 1, or 0 where they cannot be had.
int hg_sqlite_register_files(void);

/// Forgets what a connection of "heliograph-log" has collected for a transaction that was undone.
void hg_sqlite_forget_log(void *_Nonnull connection);
