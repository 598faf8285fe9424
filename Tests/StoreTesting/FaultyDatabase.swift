package import Store
import Synchronization

/// A database whose next writes go wrong, as they do behind a network.
package final class FaultyDatabase: Database {
    /// What becomes of a write.
    package enum Fault: Sendable { case refused, unknownAndDone, unknownAndUndone, neverBegun, broken }

    private struct Undone: Error {}

    private let inner: any Database
    private let faults: Mutex<[Fault]>
    private let isMeant: @Sendable (Any.Type) -> Bool

    /// Writes that give a result of a kind that is meant go wrong, one fault each.
    package init(
        _ inner: any Database, _ faults: [Fault] = [],
        where isMeant: @escaping @Sendable (Any.Type) -> Bool = { _ in true }
    ) {
        self.inner = inner
        self.faults = Mutex(faults)
        self.isMeant = isMeant
    }

    /// What goes wrong from now on.
    package func fail(_ next: [Fault]) { faults.withLock { $0 = next } }

    /// How many faults are yet to come.
    package var faultsLeft: Int { faults.withLock(\.count) }

    package var dialect: Dialect { inner.dialect }
    package var state: DatabaseState { inner.state }

    package func read<R: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) async throws -> R
    ) async throws -> R { try await inner.read(body) }

    package func write<R: Sendable>(
        _ body: @escaping @Sendable (any Transaction) async throws -> R
    ) async throws -> R {
        let fault = isMeant(R.self) ? faults.withLock { $0.isEmpty ? nil : $0.removeFirst() } : nil
        switch fault {
        case nil: return try await inner.write(body)
        case .refused: throw StoreError(.unavailable, "away")
        case .neverBegun: throw StoreError(.outcomeUnknown, "lost")
        case .broken: throw StoreError(.corrupt, "broken")
        case .unknownAndDone:
            _ = try await inner.write(body)
            throw StoreError(.outcomeUnknown, "lost")
        case .unknownAndUndone:
            do {
                try await inner.write { transaction in
                    _ = try await body(transaction)
                    throw Undone()
                }
            } catch is Undone {}
            throw StoreError(.outcomeUnknown, "lost")
        }
    }

    package func checkIntegrity() async throws -> [String] { try await inner.checkIntegrity() }
    package func sizeBytes() async throws -> Int64 { try await inner.sizeBytes() }
    package func close() async { await inner.close() }
}
