import Synchronization

/// The last sequences of chats, as they were when the log ended at a position.
///
/// They spare a look into the database for each chat of a batch, as long as nobody else appends.
final class ChatHeads: Sendable {
    /// Chats that are remembered at most; beyond, all are forgotten and read again.
    private static let countMax = 100_000

    private struct State {
        var sequences: [Int64: Int64] = [:]
        var validAt: Position = .zero
    }
    private let state = Mutex(State())

    /// What is known of the chats of some drafts, if the log still ends at `head`, and of which nothing is.
    func sequences(of drafts: [EventDraft], at head: Position) -> (
        known: [Int64: Int64], unknown: Set<Int64>
    ) {
        state.withLock { state in
            guard state.validAt == head else { return ([:], Set(drafts.compactMap(\.chat))) }
            var known = [Int64: Int64](minimumCapacity: drafts.count)
            var unknown: Set<Int64> = []
            for draft in drafts {
                guard let chat = draft.chat else { continue }
                if let sequence = state.sequences[chat] {
                    known[chat] = sequence
                } else {
                    unknown.insert(chat)
                }
            }
            return (known, unknown)
        }
    }

    /// Takes what a batch that has been committed left behind.
    func update(_ outcome: AppendTransaction.Outcome) {
        guard let first = outcome.events.first, let last = outcome.events.last else { return }
        state.withLock { state in
            // Somebody else appended in between: what was remembered may be old.
            if first.position != state.validAt + 1 || state.sequences.count > Self.countMax {
                state.sequences = [:]
            }
            for (chat, sequence) in outcome.heads { state.sequences[chat] = sequence }
            state.validAt = last.position
        }
    }

    /// Forgets everything.
    func forget() { state.withLock { $0 = State() } }
}
