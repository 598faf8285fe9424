import Base
import Bus
import Crypto
import Reactor
import Synchronization
import Wire

/// Who a connection reports to; called on the connection's loop.
protocol RedisLinkOwner: AnyObject, Sendable {
    func linkChanged(_ link: RedisLink, isReturn: Bool)
    /// Whether somebody still listens to a channel, given by its name on the server.
    func isWanted(_ name: Bytes) -> Bool
    /// Whether a channel lives on the server of this connection.
    func isHome(_ link: RedisLink, of name: Bytes) -> Bool
    func received(_ message: Bytes, on name: Bytes)
    /// Messages of these channels may be missing, and from now on they arrive.
    func caughtUp(_ names: [Bytes])
    /// A channel does not live on this server any more.
    func channelMoved()
    func refused(_ publication: Publication, _ refusal: RedisRefusal, by link: RedisLink)
    func dropped(_ publication: Publication)
}

/// One connection to one server: connects, signs in, matches answers with questions, and comes back when it is lost.
///
/// Any number of callers share it; their commands go out in one stream and are answered in order.
@safe actor RedisLink {
    enum Role: String, Sendable {
        case commands, subscriptions
    }

    private struct Outbox {
        var publications: [Publication] = []
        var isScheduled = false
    }

    nonisolated let endpoint: RedisEndpoint
    nonisolated let role: Role
    nonisolated let loop: EventLoop
    nonisolated let unownedExecutor: UnownedSerialExecutor
    private nonisolated let shown = Mutex(LinkStatus.connecting)
    private nonisolated let outbox = Mutex(Outbox())

    let settings: RedisSettings
    let tls: TLSContext?
    weak let owner: (any RedisLinkOwner)?

    var stream: Reactor.Stream?
    var parser: RESPParser
    var expectations = ExpectationQueue()
    /// Calls that wait for the first attempt to connect, or for channels.
    private var waiting: [ObjectIdentifier: PendingCall] = [:]
    private var lastHeard: MonotonicNanoseconds = 0
    private var isPinging = false
    private var isStopped = false
    private var hasBeenUp = false
    private var giveUp: LinkFailure?
    private var timer: LoopTimer?
    private var timerDeadline = MonotonicNanoseconds.max
    private var pause: (timer: LoopTimer, waiter: CheckedContinuation<Void, Never>)?
    var channels = LinkChannels()

    init(
        to endpoint: RedisEndpoint, _ role: Role, settings: RedisSettings, tls: TLSContext?,
        on loop: EventLoop,
        owner: (any RedisLinkOwner)?
    ) {
        unsafe unownedExecutor = loop.asUnownedSerialExecutor()
        self.endpoint = endpoint
        self.role = role
        self.settings = settings
        self.tls = tls
        self.loop = loop
        self.owner = owner
        parser = RESPParser(limits: settings.limits)
    }

    /// How it is with the connection, for any thread.
    nonisolated var status: LinkStatus { shown.withLock { $0 } }

    // MARK: The connection's life

    /// Connects, and connects anew, until it is stopped.
    func run() async {
        var backoff = Backoff(first: settings.backoff.first, longest: settings.backoff.longest)
        while !isStopped {
            var began = loop.now
            do throws(LinkFailure) {
                try await connect()
                began = loop.now
                comeUp()
                try await read()
            } catch {
                goDown(error)
            }
            // A server that lets us in and fails at once must not be run at without rest.
            if loop.now - began > 1_000_000_000 { backoff.reset() }
            if !isStopped { await rest(backoff.next()) }
        }
        show(.stopped)
    }

    /// Connects once and leaves again: finds out whether the settings are good.
    func probe() async -> LinkFailure? {
        do throws(LinkFailure) {
            try await connect()
            stream?.close()
            return nil
        } catch {
            stream?.close()
            return error
        }
    }

    /// Closes the connection for good.
    nonisolated func stop() {
        loop.execute {
            self.assumeIsolated { link in
                link.isStopped = true
                link.stream?.close()
                link.endRest()
                link.failWaiting(.unavailable("the bus is stopped"))
            }
        }
    }

    /// Gives the connection up, to make a new one.
    func reconnect(_ reason: String) {
        giveUp = LinkFailure(reason)
        stream?.close()
    }

    private func comeUp() {
        lastHeard = loop.now
        isPinging = false
        let isReturn = hasBeenUp
        hasBeenUp = true
        if isStopped { stream?.close() }
        resubscribe()
        for call in waiting.values where call.missing == 0 { call.finish(.success(.null), on: loop) }
        waiting = waiting.filter { $0.value.missing > 0 }
        owner?.linkChanged(self, isReturn: isReturn)
    }

    func show(_ status: LinkStatus) { shown.withLock { $0 = status } }

    private func goDown(_ failure: LinkFailure) {
        let failure = giveUp ?? failure
        giveUp = nil
        stream?.close()
        stream = nil
        show(.down(failure.description))
        let lost = expectations
        expectations = ExpectationQueue()
        channels.lose()
        for entry in lost.all {
            switch entry {
            case .call(let call): call.finish(.failure(.unavailable(failure.description)), on: loop)
            case .publication(let publication): owner?.dropped(publication)
            default: break
            }
        }
        failWaiting(.unavailable(failure.description))
        owner?.linkChanged(self, isReturn: false)
    }

    private func failWaiting(_ error: BusError) {
        for call in waiting.values { call.finish(.failure(error), on: loop) }
        waiting = [:]
    }

    private func rest(_ span: Duration) async {
        await withCheckedContinuation { waiter in
            let timer = LoopTimer(on: loop) { [weak self] in self?.assumeIsolated { $0.endRest() } }
            pause = (timer, waiter)
            timer.set(after: span)
        }
    }

    private func endRest() {
        guard let pause else { return }
        self.pause = nil
        pause.timer.cancel()
        loop.resume(pause.waiter)
    }

    // MARK: Reading

    private func read() async throws(LinkFailure) {
        guard let stream else { return }
        while true {
            while let value = try nextValue() { try handle(value) }
            let patience = isPinging ? settings.commandTimeout : settings.pingInterval
            stream.setReadDeadline(loop.now &+ patience.nanoseconds)
            let arrival: Arrival
            do throws(StreamError) { arrival = try await stream.receive { parser.append($0) } } catch {
                throw LinkFailure(error)
            }
            switch arrival {
            case .bytes:
                lastHeard = loop.now
                isPinging = false
            case .end: throw LinkFailure("the server closed the connection")
            case .timedOut where isPinging: throw LinkFailure("the server does not answer")
            case .timedOut:
                isPinging = true
                send(["PING"], .ping)
                stream.flush()
            }
        }
    }

    private func nextValue() throws(LinkFailure) -> RESPValue? {
        do throws(RESPError) { return try parser.next() } catch { throw LinkFailure(error) }
    }

    private func handle(_ value: RESPValue) throws(LinkFailure) {
        if case .push(let elements) = value { return try handlePush(elements) }
        guard let expectation = expectations.popFirst() else {
            throw LinkFailure("the server answers what was not asked")
        }
        switch expectation {
        case .call(let call): call.finish(.success(value), on: loop)
        case .publication(let publication):
            guard case .error(let reply) = value else { break }
            owner?.refused(publication, RedisRefusal(reply), by: self)
        case .subscribed(let name): try subscriptionAnswered(name, value)
        case .unsubscribed, .ping, .nothing: break
        }
    }

    // MARK: Calls

    /// Sends commands and gives the answer to the last.
    func call(_ commands: [RESPCommand], by deadline: MonotonicNanoseconds) async throws(BusError)
        -> RESPValue
    {
        if case .connecting = status {
            let attempt = PendingCall(deadline: deadline, sent: loop.now)
            try enroll(attempt)
            _ = try await wait(attempt)
        }
        guard let stream, status.isUp else { throw .unavailable(status.fault ?? "not connected") }
        guard expectations.count < settings.pendingMax, stream.queued < settings.pendingBytesMax else {
            throw .overloaded
        }
        let call = PendingCall(deadline: deadline, sent: loop.now)
        for command in commands.dropLast() { send(command, .nothing) }
        if let command = commands.last { send(command, .call(call)) }
        stream.flushSoon()
        return try await wait(call)
    }

    func wait(_ call: PendingCall) async throws(BusError) -> RESPValue {
        arm(call.deadline)
        await withCheckedContinuation { call.waiter = $0 }
        return try (call.result ?? .failure(.timedOut)).get()
    }

    /// Has a call wait for something else than an answer.
    func enroll(_ call: PendingCall) throws(BusError) {
        guard waiting.count < settings.pendingMax else { throw .overloaded }
        waiting[ObjectIdentifier(call)] = call
    }

    func finish(_ call: PendingCall) {
        waiting[ObjectIdentifier(call)] = nil
        call.finish(.success(.null), on: loop)
    }

    func send(_ command: RESPCommand, _ expectation: Expectation) {
        expectations.append(expectation)
        stream?.write(command.encoded)
    }

    // MARK: Deadlines

    private func arm(_ deadline: MonotonicNanoseconds) {
        guard deadline < timerDeadline else { return }
        timerDeadline = deadline
        let timer = timer ?? LoopTimer(on: loop) { [weak self] in self?.assumeIsolated { $0.expire() } }
        self.timer = timer
        timer.set(at: deadline)
    }

    /// Ends what is overdue.
    ///
    /// A call that nothing at all was heard after means that the server is dead.
    private func expire() {
        timerDeadline = .max
        var next = MonotonicNanoseconds.max
        var isDead = false
        for case .call(let call) in expectations.all where call.result == nil {
            guard call.deadline <= loop.now else {
                next = min(next, call.deadline)
                continue
            }
            isDead = isDead || lastHeard <= call.sent
            call.finish(.failure(.timedOut), on: loop)
        }
        for (id, call) in waiting {
            guard call.deadline <= loop.now else {
                next = min(next, call.deadline)
                continue
            }
            waiting[id] = nil
            channels.markLate(call)
            call.finish(.failure(.timedOut), on: loop)
        }
        if next != .max { arm(next) }
        if isDead { reconnect("the server does not answer") }
    }

    // MARK: Publishing

    /// Takes a message to publish, from any thread; says no where too many wait.
    nonisolated func post(_ publication: Publication) -> Bool {
        let (isTaken, isFirst) = outbox.withLock { outbox in
            guard outbox.publications.count < settings.publishesMax else { return (false, false) }
            outbox.publications.append(publication)
            defer { outbox.isScheduled = true }
            return (true, !outbox.isScheduled)
        }
        if isFirst { loop.execute { self.assumeIsolated { $0.sendOutbox() } } }
        return isTaken
    }

    private func sendOutbox() {
        let publications = outbox.withLock { outbox in
            outbox.isScheduled = false
            defer { outbox.publications = [] }
            return outbox.publications
        }
        guard let stream, case .up(let server) = status else {
            for publication in publications { owner?.dropped(publication) }
            return
        }
        let name: Bytes = server.isSharded ? "SPUBLISH" : "PUBLISH"
        for publication in publications {
            guard expectations.count < settings.publishesMax, stream.queued < settings.pendingBytesMax else {
                owner?.dropped(publication)
                continue
            }
            let channel = Bytes(settings.prefix + publication.channel.name)
            send(RESPCommand([name, channel, publication.message]), .publication(publication))
        }
        stream.flushSoon()
    }
}
