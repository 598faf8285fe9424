package import Base
package import Store

/// Brings everything that is sealed to another key, beside nodes that run; each step can be broken off and begun again.
///
/// Nodes look at their file of keys each second. So a new key is first put into the file in second place, where it
/// only opens; once every node has seen it, it moves to the first place and seals; once every node has seen that, what
/// is stored is sealed anew; and once nobody can be writing any more what was sealed before, old keys may go.
package struct KeyRotation: Sendable {
    /// What is done beside sealing anew.
    package struct Plan: Sendable {
        /// A fresh key is added to the file first, or one that an earlier run added is taken.
        package var addsKey = false
        /// Old keys are removed from the file, once nothing needs them.
        package var removesOld = false
        /// How long nodes are given to see a change of the file.
        package var pause = Duration.seconds(3)
        /// How long a node may take to write what it has sealed already.
        package var removalPause = Duration.seconds(30)

        /// Nothing beside.
        package init() {}
    }

    /// What was found and done in one column.
    package struct ColumnReport: Sendable, Equatable {
        /// `table.column`.
        package let column: String
        /// What was done.
        package let rotation: VaultRotation.Report
        /// How many rows another key than the current one has sealed.
        package let remaining: Int
    }

    /// What was done.
    package struct Report: Sendable, Equatable {
        /// The key that seals now.
        package var currentKey: UInt32
        /// The key that this run moved to the first place.
        package var newKey: UInt32?
        /// Keys that only open.
        package var oldKeys: [UInt32]
        /// Keys that this run has removed.
        package var removedKeys: [UInt32] = []
        /// Every column.
        package var columns: [ColumnReport] = []
        /// The file of the keys; nil where the settings hold them.
        package let path: String?

        /// Whether nothing is left that an old key has sealed.
        package var isComplete: Bool { columns.allSatisfy { $0.rotation.isComplete && $0.remaining == 0 } }
    }

    private let database: any Database
    private let source: KeySource
    private let columns: [SealedColumn]
    private let audit: AuditLog?
    private let clocks: Clocks

    /// A rotation of those columns; what it does with keys goes into the audit log, where there is one.
    package init(
        _ database: any Database, _ source: KeySource, _ columns: [SealedColumn], audit: AuditLog? = nil,
        clocks: Clocks = .system
    ) {
        self.database = database
        self.source = source
        self.columns = columns
        self.audit = audit
        self.clocks = clocks
    }

    /// Does it; `tell` hears of each step before it is done.
    package func run(
        _ plan: Plan = Plan(), tell: @Sendable (String) -> Void = { _ in }
    ) async throws -> Report {
        if plan.addsKey || plan.removesOld, source.path == nil {
            throw VaultError(
                .file, "the keys are in the settings and not in a file: change ENCRYPTION_KEYS itself")
        }
        let records = VaultKeyRecords(database, clocks: clocks)
        let vault = Vault(try await records.register(source.open(clocks: clocks, makesFile: false).ring))
        var report = Report(currentKey: 0, oldKeys: [], path: source.path)
        if plan.addsKey, let path = source.path {
            report.newKey = try await addKey(KeyFile(path), vault, records, plan, tell)
        }
        report.currentKey = vault.keys.current.id
        report.oldKeys = vault.keys.keys.dropFirst().map(\.id)
        tell("sealing \(columns.count) columns with key \(report.currentKey)")
        report.columns = try await sealed(vault)
        if plan.removesOld, report.isComplete, !report.oldKeys.isEmpty, let path = source.path {
            tell(
                "waiting \(plan.removalPause.text), because a node may only now write what it has sealed before"
            )
            try await Task.sleep(for: plan.removalPause)
            report.columns = try await sealed(vault, after: report.columns)
            if report.isComplete { try await removeOld(KeyFile(path), &report, tell) }
        }
        try await audit?.record(
            AuditDraft(
                actor: "console", credential: "console", action: "keys.rotate",
                target: "key:\(report.currentKey)", result: report.isComplete ? .ok : .failed,
                detail: "\(report.columns.reduce(0) { $0 + $1.rotation.rewritten }) rows were sealed anew"))
        return report
    }

    /// Adds a key and makes it the one that seals; returns its number.
    private func addKey(
        _ file: KeyFile, _ vault: Vault, _ records: VaultKeyRecords, _ plan: Plan,
        _ tell: @Sendable (String) -> Void
    ) async throws -> UInt32 {
        let id: UInt32
        if let introduced = vault.keys.introduced {
            id = introduced.id
            tell("going on with key \(id), which an earlier run has added")
        } else {
            let ring = try file.introduce(now: clocks.now, above: try await records.newestID())
            guard let key = ring.keys.dropFirst().first else {
                throw VaultError(.file, "the new key is not in \(file.path)")
            }
            id = key.id
            vault.replaceKeys(try await records.register(ring))
            try await audited("keys.add", id)
            tell("added key \(id) to \(file.path); it only opens for now")
        }
        tell("waiting \(plan.pause.text) for every node to see it")
        try await Task.sleep(for: plan.pause)
        vault.replaceKeys(try await records.register(file.promote(id)))
        try await audited("keys.promote", id)
        tell("key \(id) seals from now on; waiting \(plan.pause.text) for every node to see that")
        try await Task.sleep(for: plan.pause)
        return id
    }

    private func sealed(_ vault: Vault, after earlier: [ColumnReport] = []) async throws -> [ColumnReport] {
        let rotation = VaultRotation(database, vault, clocks: clocks)
        var reports: [ColumnReport] = []
        for (index, column) in columns.enumerated() {
            var report = try await rotation.run(column)
            if index < earlier.count { report.rewritten += earlier[index].rotation.rewritten }
            reports.append(
                ColumnReport(
                    column: column.target, rotation: report, remaining: try await rotation.remaining(column)))
        }
        return reports
    }

    private func removeOld(
        _ file: KeyFile, _ report: inout Report, _ tell: @Sendable (String) -> Void
    ) async throws {
        for id in report.oldKeys {
            _ = try file.remove(id)
            report.removedKeys.append(id)
            try await audited("keys.remove", id)
            tell("removed key \(id) from \(file.path)")
        }
        report.oldKeys = []
    }

    private func audited(_ action: String, _ id: UInt32) async throws {
        try await audit?.record(
            AuditDraft(actor: "console", credential: "console", action: action, target: "key:\(id)"))
    }
}
