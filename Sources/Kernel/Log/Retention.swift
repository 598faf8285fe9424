package import Base
package import Store

/// How long, and how much, is kept of what a source sent.
package struct RetentionPolicy: Sendable, Equatable {
    /// What stays after the delivery window.
    package enum Content: String, Sendable, CaseIterable {
        /// Everything.
        case full
        /// That it happened, and to whom, but not what was said.
        case metadata
        /// Nothing.
        case none
    }

    /// What stays after the delivery window.
    package var content: Content
    /// After how long everything goes; nil: never.
    package var keptFor: Duration?

    /// A policy.
    package init(content: Content = .full, keptFor: Duration? = nil) {
        self.content = content
        self.keptFor = keptFor
    }
}

/// Takes from the log what is not to be kept, in small steps between which others write.
package struct Retention: Sendable {
    /// The policy for sources that have none of their own.
    package static let everySource = "*"

    private let database: any Database
    private let clocks: Clocks
    private let deliveryWindow: Duration
    private let stepMax: Int

    /// A sweep of at most `stepMax` events a transaction.
    ///
    /// Content that is not to be kept stays for the delivery window, so
    /// that consumers get it at all.
    package init(
        _ database: any Database, deliveryWindow: Duration = .seconds(3600), clocks: Clocks = .system,
        stepMax: Int = 500
    ) {
        self.database = database
        self.clocks = clocks
        self.deliveryWindow = deliveryWindow
        self.stepMax = stepMax
    }

    /// Sets what is kept of a source; `everySource` stands for those that have no policy of their own.
    ///
    package func set(_ policy: RetentionPolicy, for source: String) async throws {
        try await database.write { transaction in
            try await transaction.execute(
                """
                INSERT INTO log_retention (source, content, kept_seconds) VALUES ($1, $2, $3)
                ON CONFLICT (source) DO UPDATE SET content = excluded.content, kept_seconds = excluded.kept_seconds
                """,
                [.text(source), .text(policy.content.rawValue), .integer(policy.keptFor?.components.seconds)])
        }
    }

    /// What is kept of a source.
    package func policy(for source: String) async throws -> RetentionPolicy {
        let policies = try await database.read { try await Self.policies($0) }
        return policies[source] ?? policies[Self.everySource] ?? RetentionPolicy()
    }

    /// Goes over the whole log once; returns how many events were deleted and how many lost their content.
    package func sweep() async throws -> (deleted: Int, stripped: Int) {
        let (policies, sources) = try await database.read { transaction in
            (try await Self.policies(transaction), try await Self.sources(transaction))
        }
        var total = (deleted: 0, stripped: 0)
        for source in sources {
            let policy = policies[source] ?? policies[Self.everySource] ?? RetentionPolicy()
            if let limit = deletionAge(policy) { total.deleted += try await delete(source, olderThan: limit) }
            if policy.content == .metadata {
                total.stripped += try await strip(source, olderThan: deliveryWindow)
            }
        }
        return total
    }

    private func deletionAge(_ policy: RetentionPolicy) -> Duration? {
        guard policy.content == .none else { return policy.keptFor }
        return min(policy.keptFor ?? deliveryWindow, deliveryWindow)
    }

    private func delete(_ source: String, olderThan age: Duration) async throws -> Int {
        let step = RetentionStep(source: source, before: clocks.now - age, count: stepMax)
        return try await repeating { try await database.write { try await step.delete($0) } }
    }

    private func strip(_ source: String, olderThan age: Duration) async throws -> Int {
        let step = RetentionStep(source: source, before: clocks.now - age, count: stepMax)
        return try await repeating { try await database.write { try await step.strip($0) } }
    }

    private func repeating(_ step: () async throws -> Int) async throws -> Int {
        var total = 0
        while true {
            let count = try await step()
            total += count
            guard count == stepMax else { return total }
            // Appends come between two steps.
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    private static func policies(_ transaction: any ReadTransaction) async throws -> [String: RetentionPolicy]
    {
        var policies: [String: RetentionPolicy] = [:]
        try await transaction.query("SELECT source, content, kept_seconds FROM log_retention", []) { row in
            // A row that only remembers what was taken has no content's name.
            guard let content = RetentionPolicy.Content(rawValue: try row.text(1)) else { return }
            policies[try row.text(0)] = RetentionPolicy(
                content: content, keptFor: try row.optionalInteger(2).map { .seconds($0) })
        }
        return policies
    }

    /// All sources that have events, by hopping from one to the next in their index.
    private static func sources(_ transaction: any ReadTransaction) async throws -> [String] {
        var sources: [String] = []
        while let next = try await transaction.first(
            "SELECT source FROM events WHERE source > $1 ORDER BY source LIMIT 1",
            [.text(sources.last ?? "")],
            { try $0.text(0) })
        {
            sources.append(next)
        }
        return sources
    }
}
