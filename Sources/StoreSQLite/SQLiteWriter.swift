import Glibc
import Reactor
import Store

/// The one connection that writes, on a thread of its own.
actor SQLiteWriter {
    nonisolated let executor: ThreadExecutor
    private let settings: SQLiteDatabase.Settings
    private let condition: Condition
    private let checkpointer: SQLiteCheckpointer
    private var connection: SQLiteConnection?
    /// How many wrote or waited when the last commit was done: as many may come again.
    private var callers = 1
    private var commitTime: Duration = .zero
    /// A batch is under way; it matters only where a body waits for something, which none should.
    private var isBusy = false
    private var line: [CheckedContinuation<Void, Never>] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    init(
        _ settings: SQLiteDatabase.Settings, _ condition: Condition, _ checkpointer: SQLiteCheckpointer
    ) throws(SystemError) {
        executor = try ThreadExecutor("sqlite-write")
        self.settings = settings
        self.condition = condition
        self.checkpointer = checkpointer
    }

    func open() throws(StoreError) { connection = try SQLiteConnection(settings, for: .writing) }

    /// Moves what is in the write-ahead log into the file, and closes it.
    func close() async {
        await enter()
        connection?.emptyLog()
        connection = nil
        leave()
    }

    /// Ends the thread, once nobody can come any more.
    nonisolated func shutdown() { executor.shutdown() }

    /// Runs `own` and whatever else waits, with one commit for all; hands the lead on.
    ///
    /// Returns those who have to be told. Waking them up takes longer than running what they want, so that it is done
    /// elsewhere while the next batch runs here.
    func lead(_ own: any PendingWork, of queue: WriteQueue) async -> [WriteQueue.Entry] {
        await enter()
        defer { leave() }
        var batch = Batch(last: queue.lastNumber)
        guard let connection else {
            own.fail(StoreError.closed)
            queue.handOn()
            return []
        }
        do throws(StoreError) {
            try connection.beginTransaction()
        } catch {
            // Who waited as long for the file's lock fails with it, or each would wait for it in turn.
            own.fail(error)
            while let entry = queue.take(upTo: batch.last) {
                entry.work.fail(error)
                batch.followers.append(entry)
            }
            condition.note(error)
            queue.handOn()
            return batch.followers
        }
        if Task.isCancelled { own.fail(CancellationError()) } else { await run(own, on: connection, &batch) }
        let deadline = ContinuousClock.now + settings.batchTime
        while batch.followers.count + 1 < settings.batchMax, ContinuousClock.now < deadline,
            let entry = next(for: batch, of: queue)
        {
            batch.followers.append(entry)
            await run(entry.work, on: connection, &batch)
        }
        // The next leader comes to this thread while the disk is still busy with this batch.
        queue.handOn()
        let start = ContinuousClock.now
        finish(&batch, on: connection)
        commitTime = ContinuousClock.now - start
        callers = batch.followers.count + 1 + queue.count
        moveLog(of: connection)
        return batch.followers
    }

    private struct Batch {
        /// The last who came before the transaction was begun.
        let last: UInt64
        /// What is done so far, and undone if the commit fails.
        var done: [any PendingWork] = []
        var followers: [WriteQueue.Entry] = []

        mutating func fail(_ error: any Error) {
            for work in done { work.fail(error) }
            done = []
        }
    }

    /// Runs one body, so that it can be undone alone.
    private func run(_ work: any PendingWork, on connection: SQLiteConnection, _ batch: inout Batch) async {
        do {
            if !connection.isInTransaction { try connection.beginTransaction() }
            // The first of a transaction is undone with the transaction.
            let isPart = !batch.done.isEmpty
            if isPart { try connection.beginPart() }
            let transaction = SQLiteTransaction(on: connection, isReading: false)
            let thrown = await work.run(in: transaction)
            transaction.end()
            guard let error = thrown ?? transaction.failure ?? connection.openConstraint else {
                if isPart { try connection.endPart() }
                return batch.done.append(work)
            }
            work.fail(error)
            if !connection.isInTransaction {
                // SQLite has undone everything: the disk is full, or worse.
                batch.fail(error)
                if let failure = transaction.failure { condition.note(failure) }
            } else if isPart {
                try connection.undoPart()
            } else {
                try connection.rollbackTransaction()
            }
        } catch {
            work.fail(error)
            batch.fail(error)
            condition.note(error)
            rollback(connection)
        }
    }

    /// The next who waits.
    ///
    /// Those whom the last commit has set free need a moment to come back. To wait for them, for a fraction of what a
    /// commit takes, is better than to leave them for a commit of their own.
    private func next(for batch: Batch, of queue: WriteQueue) -> WriteQueue.Entry? {
        if let entry = queue.take() { return entry }
        let deadline = ContinuousClock.now + min(commitTime / 4, .milliseconds(1))
        while batch.followers.count + 1 < callers, ContinuousClock.now < deadline {
            sched_yield()
            if let entry = queue.take() { return entry }
        }
        return nil
    }

    private func finish(_ batch: inout Batch, on connection: SQLiteConnection) {
        guard !batch.done.isEmpty else { return rollback(connection) }
        do throws(StoreError) {
            try connection.commitTransaction()
            condition.noteSuccess()
        } catch {
            batch.fail(error)
            condition.note(error)
            rollback(connection)
        }
    }

    private func moveLog(of connection: SQLiteConnection) {
        switch checkpointer.note(connection.logPages) {
        case .nothing: break
        case .behind:
            // It ends by itself; closing waits for it on the checkpointer's own thread.
            Task.immediate { [checkpointer] in await checkpointer.run() }
        case .rest:
            do throws(StoreError) {
                try connection.checkpoint()
                condition.noteMoved()
            } catch {
                // It is in the log all the same, and is tried again.
                condition.noteMoved(error)
            }
        }
    }

    private func rollback(_ connection: SQLiteConnection) {
        do throws(StoreError) {
            try connection.rollbackTransaction()
        } catch {
            condition.note(error)
        }
    }

    private func enter() async {
        while isBusy { await withCheckedContinuation { line.append($0) } }
        isBusy = true
    }

    private func leave() {
        isBusy = false
        if !line.isEmpty { line.removeFirst().resume() }
    }
}
