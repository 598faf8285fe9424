import Reactor
package import Store

/// A database in a file of SQLite: one connection that writes, some that read, one that tidies up, each on a thread of its own.
///
/// A body runs on the thread of its connection, and a write's body in the task of whoever leads its batch: it must not
/// look at task-local values. Close it before letting go of it.
package final class SQLiteDatabase: Database {
    private let files: SQLiteFiles
    private let writer: SQLiteWriter
    private let checkpointer: SQLiteCheckpointer
    private let queue: WriteQueue
    private let readers: ReaderPool
    private let condition: Condition

    private init(
        _ settings: Settings, _ writer: SQLiteWriter, _ checkpointer: SQLiteCheckpointer,
        _ readers: [SQLiteReader], _ condition: Condition
    ) {
        files = SQLiteFiles(path: settings.path)
        self.writer = writer
        self.checkpointer = checkpointer
        self.readers = ReaderPool(readers, waitingMax: settings.waitingMax)
        self.condition = condition
        queue = WriteQueue(waitingMax: settings.waitingMax)
    }

    /// Opens the file, and makes it where there is none.
    package static func open(_ settings: Settings) async throws -> SQLiteDatabase {
        try SQLiteFiles(path: settings.path).create()
        let condition = Condition()
        let checkpointer = try SQLiteCheckpointer(settings, condition)
        let writer = try SQLiteWriter(settings, condition, checkpointer)
        var readers: [SQLiteReader] = []
        do {
            // The writer comes first: it makes the file one with a write-ahead log.
            try await writer.open()
            for number in 0..<settings.readers {
                let reader = try SQLiteReader(settings, number: number)
                readers.append(reader)
                try await reader.open()
            }
        } catch {
            await writer.close()
            writer.shutdown()
            checkpointer.shutdown()
            await ReaderPool(readers, waitingMax: 0).close()
            throw error
        }
        return SQLiteDatabase(settings, writer, checkpointer, readers, condition)
    }

    package var dialect: Dialect { .sqlite }

    package var writingExecutor: (any SerialExecutor)? { writer.executor }

    package var state: DatabaseState { condition.value }

    package func read<R: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) async throws -> R
    ) async throws -> R {
        try await readers.read(body)
    }

    @discardableResult
    package func write<R: Sendable>(
        _ body: @escaping @Sendable (any Transaction) async throws -> R
    ) async throws -> R {
        try Task.checkCancellation()
        let work = PendingWrite(body)
        switch await queue.enter(work, on: #isolation) {
        case .lead:
            let callers = await writer.lead(work, of: queue).map { $0.caller }
            Waiter.resume(callers, returning: callers.map { _ in .done })
        case .done: break
        case .cancelled: throw CancellationError()
        case .refused(let error): throw error
        }
        return try work.result()
    }

    package func checkIntegrity() async throws -> [String] {
        do {
            return try await readers.read { transaction in
                let damage = try await transaction.all("PRAGMA integrity_check(100)") { try $0.text(0) }
                let orphans = try await transaction.all("PRAGMA foreign_key_check") { row in
                    "a row of \(try row.text(0)) refers to a row of \(try row.text(2)) that is not there"
                }
                return damage.filter { $0 != "ok" } + orphans.prefix(100)
            }
        } catch let error as StoreError where error.code == .corrupt {
            return [error.message]
        }
    }

    package func sizeBytes() async throws -> Int64 {
        if state == .closed { throw StoreError.closed }
        return try files.sizeBytes()
    }

    package func close() async {
        guard queue.refuse() else { return }
        readers.refuse()
        condition.close()
        await queue.drain()
        await readers.close()
        await checkpointer.close()
        await writer.close()
        writer.shutdown()
        checkpointer.shutdown()
    }
}
