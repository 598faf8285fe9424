/// A part of the program that starts, works and ends.
public protocol Service: Sendable {
    /// How logs call it.
    var name: String { get }
    /// Gets ready to work; what it throws ends the program's start.
    func start() async throws
    /// Works until it is stopped. What it throws before then ends the program; a service that only answers calls
    /// needs no `run` of its own.
    func run() async throws
    /// Takes no new work, finishes what is in flight, and says what it had to cut off at the deadline.
    func stop(by deadline: MonotonicNanoseconds) async -> [String]
}

extension Service {
    /// Has nothing to do but to be there.
    public func run() async throws {}
}
