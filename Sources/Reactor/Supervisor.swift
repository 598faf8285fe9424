public import Base

/// Runs services: starts them in order, stops them one at a time in reverse, each with what is left of one deadline.
public struct Supervisor: Sendable {
    private let services: [any Service]
    private let grace: Duration
    private let logger: Logger

    /// `grace` is the time that stopping may take in all.
    public init(_ services: [any Service], grace: Duration, logger: Logger) {
        self.services = services
        self.grace = grace
        self.logger = logger
    }

    /// Runs until `stopRequested` returns or a service fails, and throws what it failed with.
    ///
    /// False when a service cut something off at the end.
    @discardableResult
    public func run(until stopRequested: @escaping @Sendable () async -> Void) async throws -> Bool {
        var started: [any Service] = []
        do {
            for service in services {
                try await service.start()
                started.append(service)
            }
        } catch {
            _ = await stop(started)
            throw error
        }
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            for service in services {
                group.addTask(name: service.name) {
                    try await service.run()
                    return false
                }
            }
            group.addTask(name: "stop") {
                await stopRequested()
                return true
            }
            let outcome = await firstEnd(&group)
            let finished = await stop(started)
            group.cancelAll()
            try outcome.get()
            return finished
        }
    }

    private func firstEnd(_ group: inout ThrowingTaskGroup<Bool, any Error>) async -> Result<Void, any Error>
    {
        do {
            while let stopping = try await group.next(), !stopping {}
            return .success(())
        } catch {
            logger.error("a service failed", ["error": .init(describing: error)])
            return .failure(error)
        }
    }

    /// False when something was cut off.
    private func stop(_ started: [any Service]) async -> Bool {
        var finished = true
        let deadline = EventLoop.clock() &+ grace.nanoseconds
        for service in started.reversed() {
            let begin = EventLoop.clock()
            logger.info("stopping", ["service": .string(service.name)])
            let cut = await service.stop(by: deadline)
            let took = (EventLoop.clock() - begin) / 1_000_000
            if cut.isEmpty {
                logger.info("stopped", ["service": .string(service.name), "milliseconds": .init(Int(took))])
            } else {
                finished = false
                logger.warning(
                    "cut off",
                    ["service": .string(service.name), "what": .string(cut.joined(separator: ", "))])
            }
        }
        return finished
    }
}
