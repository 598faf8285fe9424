import Base
import Bus
import Kernel
import Reactor
import Store
import Synchronization
import System

/// The database and the log in it: opened before the server starts, closed after it has stopped.
final class StorageService: Service {
    let name = "storage"
    let database: any Database
    let log: EventLog
    private let retention: Retention
    private let logger: Logger
    private let size = Atomic<Int64>(0)
    private let oldest = Atomic<Int64>(0)
    private let stopping = StopSignal()

    private init(_ database: any Database, _ log: EventLog, _ logger: Logger) {
        self.database = database
        self.log = log
        self.logger = logger
        retention = Retention(database)
    }

    /// Opens what is configured, and brings its schema up to date.
    static func open(
        _ configuration: Configuration, on group: EventLoopGroup, _ metrics: Metrics, _ logger: Logger,
        bus: (any Bus)?
    ) async throws -> StorageService {
        let database = try await configuration.openDatabase(on: group)
        do {
            let steps = try await Migrator(database, Schema.steps).up()
            if !steps.isEmpty { logger.info("migrated", ["steps": .string("\(steps)")]) }
            let log = try await EventLog(database, metrics: metrics, bus: bus)
            return StorageService(database, log, logger)
        } catch {
            await database.close()
            throw error
        }
    }

    /// Lets health and metrics see it.
    func observe(_ health: Health, _ metrics: Metrics) {
        let database = database
        health.add("database", isRequired: true) {
            switch database.state {
            case .ready: .ok
            case .degraded(let reason): .degraded(reason)
            case .unavailable(let reason): .failed(reason)
            case .closed: .failed("The database is closed")
            }
        }
        metrics.gauge("log_database_bytes", "The room that the database takes on disk.") {
            Double(self.size.load(ordering: .relaxed))
        }
        metrics.gauge("log_oldest_age_seconds", "How long ago the oldest event that is kept was recorded.") {
            let oldest = self.oldest.load(ordering: .relaxed)
            return oldest == 0 ? 0 : (Clocks.system.now - Timestamp(milliseconds: oldest)) / .seconds(1)
        }
    }

    func start() async throws {}

    @concurrent func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "log follower") { await self.log.following.run() }
            group.addTask(name: "retention") { await self.sweep() }
            await stopping.wait()
            group.cancelAll()
        }
    }

    func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        log.close()
        stopping.request()
        await database.close()
        return []
    }

    /// Measures often, and enforces retention now and then.
    private func sweep() async {
        var round = 0
        while !Task.isCancelled {
            do {
                size.store(try await database.sizeBytes(), ordering: .relaxed)
                oldest.store(try await log.oldest()?.milliseconds ?? 0, ordering: .relaxed)
                if round % 4 == 0 {
                    let (deleted, stripped) = try await retention.sweep()
                    if deleted + stripped > 0 {
                        logger.info("retention", ["deleted": .init(deleted), "stripped": .init(stripped)])
                    }
                }
            } catch is CancellationError {
                return
            } catch {
                logger.warning("the sweep failed", ["error": .init(describing: error)])
            }
            round += 1
            // Cut short only by the task's end.
            try? await Task.sleep(for: .seconds(15))
        }
    }
}
