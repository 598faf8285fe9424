import Kernel
import Synchronization

/// How far the deliveries to a program have come; outlives a runner that is broken off.
final class HookProgress: Sendable {
    private let programs: Programs
    private let program: Program
    private let state = Mutex((reached: Position.zero, stored: Position.zero))

    init(_ programs: Programs, _ program: Program) {
        self.programs = programs
        self.program = program
    }

    /// Takes what is stored; returns from where to go on, which may be further.
    func begin(_ stored: Position) -> Position {
        state.withLock { state in
            state.stored = max(state.stored, stored)
            state.reached = max(state.reached, state.stored)
            return state.reached
        }
    }

    /// The program has everything up to here; whether that is to be stored.
    func reach(_ position: Position) -> Bool {
        state.withLock { state in
            state.reached = max(state.reached, position)
            return state.reached > state.stored
        }
    }

    /// Writes down how far they have come, if it is not.
    func store() async throws {
        let position = state.withLock { $0.reached > $0.stored ? $0.reached : nil }
        guard let position else { return }
        try await programs.confirm(position, of: program)
        state.withLock { $0.stored = max($0.stored, position) }
    }
}
