import Synchronization

/// A number that tasks share.
final class Counter: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .acquiring) }

    /// The number with one more.
    @discardableResult
    func add() -> Int { count.add(1, ordering: .acquiringAndReleasing).newValue }

    func subtract() { count.subtract(1, ordering: .acquiringAndReleasing) }
}
