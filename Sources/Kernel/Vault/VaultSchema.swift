package import Store

/// The tables of the vault.
package enum VaultSchema {
    /// Which keys were seen, and how far rotations have come; the number is its place among all steps.
    package static func migration(_ number: Int) -> Migration {
        Migration(
            number, "the vault",
            up: [
                """
                CREATE TABLE vault_keys (
                    id BIGINT PRIMARY KEY, fingerprint TEXT NOT NULL, created_at BIGINT NOT NULL)
                """,
                // The key's number and not its name: the row is that of the last rotation of a column.
                """
                CREATE TABLE vault_rotations (
                    target TEXT PRIMARY KEY, key_id BIGINT NOT NULL, through TEXT NOT NULL,
                    rewritten BIGINT NOT NULL, finished_at BIGINT)
                """,
            ],
            down: ["DROP TABLE vault_rotations", "DROP TABLE vault_keys"])
    }
}
