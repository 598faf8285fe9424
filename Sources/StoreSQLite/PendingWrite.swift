import Store
import Synchronization

/// What a caller wants to have written, whatever comes of it.
protocol PendingWork: AnyObject, Sendable {
    /// Runs the body; returns what it threw.
    func run(in transaction: SQLiteTransaction) async -> (any Error)?
    /// It comes to nothing, whatever the body returned.
    func fail(_ error: any Error)
}

/// A caller's body, and what comes of it.
final class PendingWrite<R: Sendable>: PendingWork {
    private let body: @Sendable (any Transaction) async throws -> R
    private let outcome = Mutex<Result<R, any Error>?>(nil)

    init(_ body: @escaping @Sendable (any Transaction) async throws -> R) { self.body = body }

    func run(in transaction: SQLiteTransaction) async -> (any Error)? {
        do {
            let value = try await body(transaction)
            outcome.withLock { $0 = .success(value) }
            return nil
        } catch {
            return error
        }
    }

    func fail(_ error: any Error) { outcome.withLock { $0 = .failure(error) } }

    /// What came of it.
    func result() throws -> R {
        guard let result = outcome.withLock({ $0 }) else { throw StoreError(.other, "a write was never run") }
        return try result.get()
    }
}
