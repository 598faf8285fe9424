import Wire

/// Traffic or a script, while it runs and afterwards.
struct Run: Sendable {
    let id: Int
    /// How many messages, or steps, there were.
    var done = 0
    /// How many could not be.
    var failed = 0
    /// What went wrong first.
    var failure: String?
    var isStopped = false
    var isFinished = false
    var milliseconds = 0

    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", id)
            $0.field("done", done)
            $0.field("failed", failed)
            if let failure { $0.field("failure", failure) }
            $0.field("finished", isFinished)
            $0.field("milliseconds", milliseconds)
        }
    }
}

/// The runs there were; the oldest are forgotten.
struct RunTable: Sendable {
    private var runs: [Int: Run] = [:]
    private var next = 1

    subscript(id: Int) -> Run? {
        get { runs[id] }
        set { runs[id] = newValue }
    }

    mutating func begin() -> Int {
        defer { next += 1 }
        runs[next] = Run(id: next)
        runs[next - 1000] = nil
        return next
    }
}
