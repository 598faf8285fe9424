internal import Base
internal import Store

extension PostgresDatabase {
    package func sizeBytes() async throws -> Int64 {
        try await read {
            try await $0.first("SELECT pg_database_size(current_database())") { try $0.integer(0) }
        }
            ?? 0
    }

    /// Looks for what PostgreSQL itself knows of, and has `amcheck` read the indexes where it is installed.
    package func checkIntegrity() async throws -> [String] {
        var findings = try await known()
        guard try await hasAmcheck() else { return findings }
        let indexes = try await read {
            try await $0.all(Self.indexes) { (try $0.integer(0), try $0.text(1)) }
        }
        for (index, name) in indexes {
            do {
                try await read {
                    try await $0.query("SELECT bt_index_check($1::oid)::text", [.integer(index)]) { _ in }
                }
            } catch let error as StoreError where error.code == .corrupt {
                findings.append("index \(name): \(error.message)")
            }
        }
        return findings
    }

    /// What `checkIntegrity` cannot look at on this server, and how that could be changed.
    package func uncheckedIntegrity() async throws -> [String] {
        var gaps: [String] = []
        let (checksums, fsync) =
            try await read {
                try await $0.first("SELECT current_setting('data_checksums'), current_setting('fsync')") {
                    (try $0.text(0), try $0.text(1))
                }
            } ?? ("", "")
        if checksums != "on" { gaps.append("pages have no checksums (pg_checksums --enable)") }
        if fsync != "on" {
            gaps.append("fsync is off: a crash of the server's machine loses what was acknowledged")
        }
        if try await !hasAmcheck() { gaps.append("indexes were not read (CREATE EXTENSION amcheck)") }
        gaps.append("tables were not read row by row (pg_amcheck --heapallindexed)")
        return gaps
    }

    private func known() async throws -> [String] {
        try await read { transaction in
            var findings = try await transaction.all(
                """
                SELECT c.oid::regclass::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                WHERE NOT i.indisvalid
                """
            ) { "index \(try $0.text(0)) is not valid" }
            findings += try await transaction.all(
                """
                SELECT coalesce(checksum_failures, 0)::bigint FROM pg_stat_database
                WHERE datname = current_database() AND checksum_failures > 0
                """
            ) { "\(try $0.integer(0)) pages did not match their checksums" }
            return findings
        }
    }

    private func hasAmcheck() async throws -> Bool {
        try await read {
            try await $0.first("SELECT 1 FROM pg_extension WHERE extname = 'amcheck'") { _ in true } ?? false
        }
    }

    private static let indexes: SQL = """
        SELECT c.oid, c.oid::regclass::text FROM pg_class c JOIN pg_am a ON a.oid = c.relam
        JOIN pg_index i ON i.indexrelid = c.oid JOIN pg_namespace n ON n.oid = c.relnamespace
        WHERE a.amname = 'btree' AND i.indisvalid AND c.relkind = 'i' AND n.nspname !~ '^pg_toast|^pg_temp'
        ORDER BY 1
        """
}
