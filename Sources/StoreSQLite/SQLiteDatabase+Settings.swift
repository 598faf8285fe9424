extension SQLiteDatabase {
    /// Where the file is, and what the database may take.
    package struct Settings: Sendable {
        /// The file; it is made if it is not there, and its folder as well.
        package var path: String
        /// How many connections read beside one another.
        package var readers = 3
        /// How many callers may wait to write, and how many to read; those beyond are refused.
        package var waitingMax = 10_000
        /// How long another process may hold the file's lock.
        package var busyTimeout: Duration = .seconds(5)
        /// How many callers' transactions share a commit at most.
        package var batchMax = 512
        /// After that time nobody joins a batch any more.
        package var batchTime: Duration = .milliseconds(10)
        /// How many pages of the write-ahead log are moved into the file at once, beside the writer.
        package var logStep = 12_000
        /// Beyond so many pages the log is to begin anew, for which the writer waits a moment: 96 MiB.
        package var logMax = 24_000
        /// How many changed pages a transaction may keep in memory: 256 MiB.
        package var cachePagesMax = 65_536
        /// How many prepared statements a connection keeps; the one unused for longest gives way.
        package var statementsMax = 128

        /// The usual settings for a file.
        package init(path: String) { self.path = path }

        /// What each connection is told first.
        func pragmas(writes: Bool) -> [String] {
            let common = [
                "PRAGMA foreign_keys = ON", "PRAGMA temp_store = MEMORY", "PRAGMA cache_size = -8192",
            ]
            guard writes else { return common + ["PRAGMA query_only = ON"] }
            // Pages of a transaction stay in memory until it is committed, but for a very large one.
            return ["PRAGMA synchronous = FULL", "PRAGMA cache_spill = \(cachePagesMax)"] + common
        }
    }
}
