internal import CPostgres
internal import Reactor
internal import Store

/// What was sent over a link and not answered yet, in order.
@safe final class Pipeline {
    /// What an answer belongs to.
    private enum Expected {
        /// The statement is being prepared.
        case prepared(PreparedStatement)
        /// The types of its parameters were asked for.
        case described(PreparedStatement)
        /// Something whose result nobody reads, but whose failure counts.
        case quiet
        /// A statement whose result somebody waits for.
        case awaited
        /// The end of an earlier user's transaction: must succeed, or the connection is not clean.
        case closing
        case commit
        /// Everything up to here belongs together: after a failure the server skips the rest.
        case sync
    }

    let link: Link
    let parameters = ParameterBuffer()
    private let silenceLimit: Duration
    private var statements: PreparedStatements
    private var expected: [Expected] = []
    private var next = 0
    private let row = ResultRow()
    private var lastState: SQLState?
    /// Up to here the answers belong to earlier users, and what failed does not concern the present one.
    private var ownedFrom = 0
    /// What is known of the last COMMIT that was sent.
    enum Commit { case none, underWay, done, neverReached }
    private(set) var commit = Commit.none

    init(_ link: Link, settings: PostgresSettings) {
        self.link = link
        silenceLimit = settings.silenceLimit
        statements = PreparedStatements(limit: settings.statementsMax)
    }

    /// Whether everything that was sent has been answered.
    var isIdle: Bool { next == expected.count }

    // MARK: Sending

    /// What a statement's result is for.
    enum Purpose { case quiet, awaited, commit, closing }

    /// Queues a statement with the parameters that stand in the buffer, whose types are known.
    func send(_ text: String, types: [PostgresType] = [], _ purpose: Purpose) throws(StoreError) {
        let known = statements.find(text)
        let statement = if let known { known } else { try prepare(text, types: types.map(\.rawValue)) }
        try send(statement, purpose)
    }

    /// Queues a statement; asks the server first which types its parameters have, once for each connection.
    func send(_ text: String, _ values: [Value], _ purpose: Purpose) async throws(StoreError) {
        guard !values.isEmpty else { return try send(text, purpose) }
        let known = statements.find(text)
        let statement = if let known { known } else { try prepare(text, types: nil) }
        if statement.types == nil {
            try check(unsafe PQsendDescribePrepared(link.handle, statement.name))
            expected.append(.described(statement))
            try sync()
            try await settle()
        }
        let types = statement.types ?? []
        guard types.count == values.count else {
            throw StoreError(
                .misuse, "the statement has \(types.count) parameters and is given \(values.count)")
        }
        parameters.removeAll()
        do throws(StoreError) {
            for (value, type) in zip(values, types) { try parameters.append(value, as: type) }
        } catch {
            parameters.removeAll()
            throw error
        }
        try send(statement, purpose)
    }

    /// Ends what belongs together, and sends it.
    func sync() throws(StoreError) {
        try check(unsafe PQpipelineSync(link.handle))
        expected.append(.sync)
        link.flush()
    }

    /// Waits until what is queued is on its way, so that not all of a large batch has to be in memory.
    func relieve() async throws(StoreError) {
        link.flush()
        while link.isBacklogged { try await link.wait(until: EventLoop.clock() &+ silenceLimit.nanoseconds) }
        if let failure = link.failure { throw failure }
    }

    /// Makes the server forget statements that are not used any more; between transactions only.
    func tidy() throws(StoreError) {
        let names = statements.takeAbandoned()
        guard !names.isEmpty else { return }
        for name in names {
            try check(
                unsafe PQsendQueryParams(link.handle, "DEALLOCATE \(name)", 0, nil, nil, nil, nil, 1))
            expected.append(.quiet)
            // Each by itself: the failure of one is no reason to skip the others.
            try check(unsafe PQpipelineSync(link.handle))
            expected.append(.sync)
        }
        disown()
    }

    /// Forgets what is known of an earlier COMMIT.
    func beginTransaction() { commit = .none }

    /// What was sent until now is no concern of whoever reads the answers.
    func disown() { ownedFrom = expected.count }

    private func prepare(_ text: String, types: [UInt32]?) throws(StoreError) -> PreparedStatement {
        let statement = statements.add(text, types: types)
        let types = types ?? []
        let sent = unsafe types.withUnsafeBufferPointer { types in
            unsafe PQsendPrepare(link.handle, statement.name, text, Int32(types.count), types.baseAddress)
        }
        if sent != 1 { statements.remove(statement) }
        try check(sent)
        expected.append(.prepared(statement))
        return statement
    }

    private func send(_ statement: PreparedStatement, _ purpose: Purpose) throws(StoreError) {
        let sent = unsafe parameters.withParameters { count, values, lengths, formats in
            unsafe PQsendQueryPrepared(link.handle, statement.name, count, values, lengths, formats, 1)
        }
        parameters.removeAll()
        try check(sent)
        switch purpose {
        case .quiet: expected.append(.quiet)
        case .awaited: expected.append(.awaited)
        case .commit:
            expected.append(.commit)
            commit = .underWay
        case .closing: expected.append(.closing)
        }
    }

    private func check(_ status: Int32) throws(StoreError) {
        if let failure = link.failure { throw failure }
        guard status == 1 else { throw link.lose() }
    }

    /// The SQLSTATE of what failed since the last call.
    func takeState() -> SQLState? {
        defer { lastState = nil }
        return lastState
    }

    // MARK: Receiving

    /// Where the answers go while `settle` reads them.
    private struct Reading {
        var failure: StoreError?
        var rowError: (any Error)?
        var changed = 0
        /// Whether the answer that is being read belongs to the present user.
        var isOwn = true
    }

    /// What reading all answers came to.
    struct Settled {
        /// How many rows the awaited statement changed.
        var changed = 0
        /// What the reader of its rows threw.
        var rowError: (any Error)?
    }

    /// Reads every answer that is due, and lends the rows of what is awaited.
    ///
    /// The first failure is thrown once everything has been read, so the pipeline is always in order afterwards.
    @discardableResult
    func settle(
        _ lend: (borrowing Row) throws -> Void = { _ in }, onCancel: () -> Void = {}
    ) async throws(StoreError) -> Settled {
        var reading = Reading()
        while next < expected.count {
            let item = expected[next]
            reading.isOwn = next >= ownedFrom
            next += 1
            if case .awaited = item { unsafe PQsetSingleRowMode(link.handle) }
            try await read(item, &reading, onCancel, lend)
        }
        expected.removeAll(keepingCapacity: true)
        next = 0
        ownedFrom = 0
        if let failure = reading.failure { throw failure }
        return Settled(changed: reading.changed, rowError: reading.rowError)
    }

    private func read(
        _ item: Expected, _ reading: inout Reading, _ onCancel: () -> Void,
        _ lend: (borrowing Row) throws -> Void
    ) async throws(StoreError) {
        var isFirst = true
        while let result = try unsafe await nextResult(onCancel) {
            defer { unsafe PQclear(result) }
            switch unsafe PQresultStatus(result) {
            case PGRES_PIPELINE_SYNC:
                guard case .sync = item else { throw outOfOrder() }
                return
            case PGRES_SINGLE_TUPLE:
                guard case .awaited = item, reading.isOwn, reading.rowError == nil else { continue }
                unsafe row.show(result, isFirst: isFirst)
                isFirst = false
                do { try lend(Row(row)) } catch { reading.rowError = error }
                row.hide()
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                try unsafe completed(item, result, &reading)
            case PGRES_PIPELINE_ABORTED:
                skipped(item)
            case PGRES_FATAL_ERROR:
                let failure = unsafe try failed(item, result, isOwn: reading.isOwn)
                if reading.isOwn { reading.failure = reading.failure ?? failure }
            default:
                throw outOfOrder()
            }
        }
        if case .sync = item { throw outOfOrder() }
    }

    private func completed(
        _ item: Expected, _ result: OpaquePointer, _ reading: inout Reading
    ) throws(StoreError) {
        switch item {
        case .prepared(let statement): statement.isConfirmed = true
        case .described(let statement):
            statement.types = unsafe (0..<PQnparams(result)).map { unsafe PQparamtype(result, $0) }
        case .awaited:
            let count = unsafe PQcmdTuples(result).map { unsafe String(cString: $0) } ?? ""
            reading.changed = Int(count) ?? 0
        case .commit:
            // The server answers a COMMIT of a transaction that has failed with a rollback, and no error.
            let tag = unsafe PQcmdStatus(result).map { unsafe String(cString: $0) } ?? ""
            if tag == "COMMIT" {
                commit = .done
            } else {
                reading.failure = reading.failure ?? StoreError(.other, "the transaction was rolled back")
            }
        case .quiet, .closing: break
        case .sync: throw outOfOrder()
        }
    }

    private func skipped(_ item: Expected) {
        switch item {
        case .prepared(let statement): statements.remove(statement)
        case .commit: commit = .neverReached
        default: break
        }
    }

    /// What the server says about a failure; when it is the last thing it says, the connection is lost.
    private func failed(
        _ item: Expected, _ result: OpaquePointer, isOwn: Bool
    ) throws(StoreError) -> StoreError {
        let message =
            unsafe hg_error_message(result).map { unsafe String(cString: $0) } ?? "an unknown failure"
        guard let code = unsafe hg_error_state(result).map({ unsafe String(cString: $0) }) else {
            throw link.lose()
        }
        let state = SQLState(code)
        let error = state.error(message)
        let severity = unsafe hg_error_severity(result).map { unsafe String(cString: $0) }
        if severity == "FATAL" || severity == "PANIC" {
            // The server works in order: what stands behind its last words was not done.
            let isAhead = expected[next...].contains { if case .commit = $0 { true } else { false } }
            if isAhead { commit = .neverReached }
            throw link.lose(StoreError(.unavailable, message))
        }
        skipped(item)
        if case .closing = item { throw link.lose(StoreError(.unavailable, message)) }
        if state.makesStatementsStale(message) { statements.abandonAll() }
        if isOwn { lastState = state }
        return error
    }

    private func nextResult(_ onCancel: () -> Void) async throws(StoreError) -> OpaquePointer? {
        while unsafe PQisBusy(link.handle) != 0 {
            if let failure = link.failure { throw failure }
            if link.isCancelled { onCancel() }
            try await link.wait(until: EventLoop.clock() &+ silenceLimit.nanoseconds)
        }
        guard unsafe link.handle != nil else { throw link.lose() }
        return unsafe PQgetResult(link.handle)
    }

    private func outOfOrder() -> StoreError {
        link.lose(StoreError(.unavailable, "an answer of PostgreSQL is out of order"))
    }
}
