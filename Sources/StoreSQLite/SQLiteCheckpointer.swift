import Reactor
import Store
import Synchronization

/// Moves the write-ahead log into the file while the writer goes on, on a connection and a thread of its own.
///
/// That waits for the disk, for ten milliseconds and more, and would hold up everybody who writes. The log begins anew only
/// where all of it has been moved and nobody writes: that last bit is the writer's, now and then.
actor SQLiteCheckpointer {
    /// What there is to do after a commit.
    enum Step {
        case nothing
        /// This checkpointer is to run.
        case behind
        /// The writer is to move the rest itself, so that the log begins anew.
        case rest
    }

    private struct State {
        var isBusy = false
        /// How long the log was when the last run began; what it moved reaches at least so far, unless readers were in its way.
        var movedTo = 0
        /// How long it was when the writer last tried.
        var triedAt = 0
        /// Runs since then that were to leave less to the writer.
        var shortRuns = 0
    }

    private static let shortRunsMax = 2

    private nonisolated let executor: ThreadExecutor
    private nonisolated let state = Mutex(State())
    private nonisolated let settings: SQLiteDatabase.Settings
    private nonisolated let condition: Condition
    private var connection: SQLiteConnection?
    private var isClosed = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    init(_ settings: SQLiteDatabase.Settings, _ condition: Condition) throws(SystemError) {
        executor = try ThreadExecutor("sqlite-log")
        self.settings = settings
        self.condition = condition
    }

    /// Takes how many pages the log has after a commit.
    nonisolated func note(_ pages: Int) -> Step {
        state.withLock { state in
            if pages < state.movedTo { (state.movedTo, state.triedAt, state.shortRuns) = (0, 0, 0) }
            guard !state.isBusy else { return .nothing }
            // A reader may keep it from beginning anew, so that it is not tried all the time.
            let mustEnd = pages >= settings.logMax && pages - state.triedAt >= settings.logStep
            let ahead = pages - state.movedTo
            // What is left to the writer should be little; but it must come to its turn, however much is written meanwhile.
            let isMuch =
                mustEnd
                ? ahead >= settings.logStep / 16 && state.shortRuns < Self.shortRunsMax
                : ahead >= settings.logStep
            if isMuch {
                if mustEnd { state.shortRuns += 1 }
                state.isBusy = true
                state.movedTo = pages
                return .behind
            }
            guard mustEnd else { return .nothing }
            (state.triedAt, state.shortRuns) = (pages, 0)
            return .rest
        }
    }

    /// Moves what can be moved.
    func run() {
        defer { state.withLock { $0.isBusy = false } }
        guard !isClosed else { return }
        do throws(StoreError) {
            if connection == nil { connection = try SQLiteConnection(settings, for: .tidying) }
            try connection?.checkpoint()
            condition.noteMoved()
        } catch {
            // What was not moved is in the log, and is tried again.
            condition.noteMoved(error)
        }
    }

    func close() {
        isClosed = true
        connection = nil
    }

    /// Ends the thread, once nobody can come any more.
    nonisolated func shutdown() { executor.shutdown() }
}
