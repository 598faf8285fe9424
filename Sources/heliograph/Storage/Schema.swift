import Kernel
import Store

/// The whole schema: the steps of all rooms in one order.
enum Schema {
    static let steps: [Migration] = [
        LogSchema.migration, VaultSchema.migration(2), AuditSchema.migration(audit),
    ]

    /// The step of the audit log.
    private static let audit = 3
}
