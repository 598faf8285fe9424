internal import Base
internal import CCurl
internal import Reactor
internal import Wire

/// One exchange on libcurl: an easy handle, what came in, what is to go out, and who waits for either.
// SAFETY: touched on the multi handle's loop only; libcurl calls back on that thread only.
@safe final class Transfer: @unchecked Sendable {
    let request: HTTPClientRequest
    let multi: CurlMulti

    // What came in.
    private(set) var head: HTTPClientHead?
    var reader: ResponseHeadReader
    /// The body so far, of a collected answer.
    private var body: [UInt8] = []
    private var pieces: [Bytes] = []
    private var nextPiece = 0
    private var waitingBytes = 0
    private var bodyBytes = 0
    private let collects: Bool

    // What goes out.
    private var outgoing: [Bytes] = []
    private var outgoingOffset = 0
    private var outgoingEnded = false

    // How it stands.
    private var easy: CurlEasy?
    private(set) var outcome: Result<Void, HTTPClientError>?
    /// Set by callbacks, which may not end the transfer themselves; wins over libcurl's own reason.
    private var failure: HTTPClientError?
    private var wasRefused = false
    /// The connection stands and the request goes out.
    private(set) var isConnected = false
    private var isAnswered = false
    private var isReadPaused = false
    private var isWritePaused = false
    private var lastActivity: MonotonicNanoseconds = 0
    private var deadline: MonotonicNanoseconds = .max
    private var timer: LoopTimer?

    private var readWaiter: CheckedContinuation<Void, Never>?
    private var writeWaiter: CheckedContinuation<Void, Never>?

    init(_ request: HTTPClientRequest, on multi: CurlMulti, collects: Bool) {
        self.request = request
        self.multi = multi
        self.collects = collects
        reader = ResponseHeadReader(
            bytesMax: multi.settings.headBytesMax, followsRedirects: CurlEasy.follows(request))
    }

    /// The transfer that a callback is about.
    static func from(_ context: UnsafeMutableRawPointer) -> Transfer {
        // SAFETY: the multi handle's table keeps it alive while libcurl knows it.
        unsafe Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
    }

    // MARK: Beginning and end

    func start() {
        guard outcome == nil else { return }
        rewind()
        do throws(HTTPClientError) {
            let easy = try CurlEasy(self)
            self.easy = easy
            startTimer()
            try unsafe multi.add(self, easy.handle)
        } catch {
            end(.failure(error))
        }
    }

    /// Ends it at once, from outside of libcurl's callbacks.
    func fail(_ code: HTTPClientError.Code, _ message: String) {
        end(.failure(HTTPClientError(code, message, mayHaveBeenSent: isConnected)))
    }

    /// libcurl is through with it.
    func finished(_ result: CURLcode) {
        if result == CURLE_OK {
            end(
                head == nil
                    ? .failure(error(.connectionLost, "the connection ended within the head")) : .success(()))
        } else if let failure {
            end(.failure(failure))
        } else {
            let message = easy?.message(result, hiding: request) ?? "no message"
            end(.failure(HTTPClientError(result, message, request, isConnected, wasRefused)))
        }
    }

    /// Ends it if it is what keeps libcurl turning in vain: see `SpinGuard`.
    func endIfSpinning() {
        guard let head, head.version == "2", request.hasBody else { return }
        if isWhole { return end(.success(())) }
        guard multi.loop.now >= lastActivity &+ 500_000_000 else { return }
        fail(.protocolError, "the server answered without taking the body")
    }

    /// Whether all of the answer is here, as far as its length tells.
    private var isWhole: Bool {
        head.flatMap { $0.fields["content-length"] }.flatMap { Int($0) } == bodyBytes
    }

    private func end(_ result: Result<Void, HTTPClientError>) {
        guard outcome == nil else { return }
        outcome = result
        timer?.cancel()
        timer = nil
        if let easy {
            unsafe multi.remove(self, easy.handle)
            self.easy = nil
        }
        outgoing = []
        resume(&readWaiter)
        resume(&writeWaiter)
    }

    private func error(_ code: HTTPClientError.Code, _ message: String) -> HTTPClientError {
        HTTPClientError(code, message, mayHaveBeenSent: isConnected)
    }

    // MARK: Reading

    /// Waits until something came in or the transfer ended.
    func waitToRead() async {
        await withCheckedContinuation { continuation in
            precondition(readWaiter == nil, "two readers of one answer")
            readWaiter = continuation
        }
    }

    /// The collected body.
    func takeBody() -> Bytes {
        defer { body = [] }
        return Bytes(body)
    }

    /// The next piece of the body, if one waits.
    func takePiece() -> Bytes? {
        guard nextPiece < pieces.count else { return nil }
        let piece = pieces[nextPiece]
        nextPiece += 1
        waitingBytes -= piece.count
        if nextPiece == pieces.count {
            pieces.removeAll(keepingCapacity: true)
            nextPiece = 0
        }
        if isReadPaused, waitingBytes <= multi.settings.readAheadBytes / 2 {
            isReadPaused = false
            unpause()
        }
        return piece
    }

    // MARK: Writing

    /// Waits until what was given to be sent is on its way, or the transfer ended.
    func waitToWrite() async {
        await withCheckedContinuation { continuation in
            precondition(writeWaiter == nil, "two writers of one body")
            writeWaiter = continuation
        }
    }

    var mayWrite: Bool { outgoing.isEmpty }

    func write(_ bytes: Bytes) {
        precondition(!outgoingEnded, "the body has ended")
        guard outcome == nil, !bytes.isEmpty else { return }
        outgoing.append(bytes)
        resumeSending()
    }

    func endBody() {
        outgoingEnded = true
        resumeSending()
    }

    private func resumeSending() {
        guard isWritePaused else { return }
        isWritePaused = false
        unpause()
    }

    private func unpause() {
        lastActivity = EventLoop.clock()
        easy?.pause(reading: isReadPaused, writing: isWritePaused)
    }

    /// Puts the body back to its start; false when that cannot be done.
    @discardableResult
    private func rewind() -> Bool {
        switch request.body {
        case .none:
            outgoingEnded = true
        case .bytes(let bytes):
            outgoing = bytes.isEmpty ? [] : [bytes]
            outgoingOffset = 0
            outgoingEnded = true
        case .stream, .written:
            return !isConnected
        }
        return true
    }

    private func resume(_ waiter: inout CheckedContinuation<Void, Never>?) {
        guard let continuation = waiter else { return }
        waiter = nil
        continuation.resume()
    }

    // MARK: Time

    private func startTimer() {
        let now = EventLoop.clock()
        lastActivity = now
        if let timeout = request.timeout { deadline = now &+ timeout.nanoseconds }
        guard deadline != .max || request.idleTimeout != nil else { return }
        timer = LoopTimer(on: multi.loop) { [weak self] in self?.checkTime() }
        armTimer()
    }

    /// Activity only moves the deadline further away, so the timer is set anew when it fires, not before.
    private func armTimer() {
        let next = min(deadline, idleDeadline)
        if next != .max { timer?.set(at: next) }
    }

    private var idleDeadline: MonotonicNanoseconds {
        guard let idle = request.idleTimeout else { return .max }
        // Before it is connected, and while our side lets it wait, silence is no fault of the server's.
        let isCounting = isConnected && !isReadPaused && !isWritePaused
        return (isCounting ? lastActivity : EventLoop.clock()) &+ idle.nanoseconds
    }

    private func checkTime() {
        let now = EventLoop.clock()
        if now >= deadline {
            return isWhole ? end(.success(())) : fail(.timeout, "no whole answer in time")
        }
        if now >= idleDeadline { return fail(.timeout, "nothing came in time") }
        armTimer()
    }
}

// MARK: What libcurl reports, within its callbacks

extension Transfer {
    private func noteActivity() {
        lastActivity = multi.loop.now
        multi.noteWork()
    }

    /// Whether an address may be connected to.
    func allows(_ address: SocketAddress) -> Bool {
        guard let mayConnect = request.mayConnect, !mayConnect(address) else { return true }
        wasRefused = true
        return false
    }

    /// A connection stands, new or kept, and the request is about to go out; false stops it.
    func connected(to address: SocketAddress?) -> Bool {
        if request.mayConnect != nil, !(address.map(allows) ?? false) {
            failure = error(.refusedByGuard, "the address of a kept connection was refused")
            return false
        }
        // A second time without an answer in between: the kept connection was dead, and libcurl tries again.
        guard !isConnected || isAnswered || request.repeats else {
            failure = error(.connectionLost, "the connection was closed before an answer came")
            return false
        }
        (isConnected, isAnswered) = (true, false)
        noteActivity()
        return true
    }

    /// A line of the head; false stops the transfer.
    func received(line: Bytes) -> Bool {
        noteActivity()
        // What comes after the body are trailers, which nobody asked for.
        guard head == nil else { return true }
        switch reader.read(line) {
        case .more: isAnswered = true
        case .tooLarge: failure = error(.tooLarge, "the head is over \(multi.settings.headBytesMax) bytes")
        case .malformed: failure = error(.protocolError, "a line of the head is malformed")
        case .head(let head):
            isAnswered = true
            let length = head.fields["content-length"].flatMap { Int($0) } ?? 0
            if length > request.bodyBytesMax, request.method != .head, !request.decompresses {
                failure = error(.tooLarge, "the body is over \(request.bodyBytesMax) bytes")
            } else {
                self.head = head
                if !collects { resume(&readWaiter) }
            }
        }
        return failure == nil
    }

    enum Taking { case taken, wait, stop }

    /// A piece of the body.
    func received(piece: UnsafeRawBufferPointer) -> Taking {
        noteActivity()
        guard piece.count <= request.bodyBytesMax - bodyBytes else {
            failure = error(.tooLarge, "the body is over \(request.bodyBytesMax) bytes")
            return .stop
        }
        if !collects, waitingBytes >= multi.settings.readAheadBytes {
            isReadPaused = true
            return .wait
        }
        bodyBytes += piece.count
        if collects {
            unsafe body.append(contentsOf: piece)
        } else if piece.count > 0 {
            pieces.append(unsafe Bytes(Array(piece)))
            waitingBytes += piece.count
            resume(&readWaiter)
        }
        endSoonIfWhole()
        return .taken
    }

    /// Gives libcurl a moment to notice the end of an HTTP/2 answer that came before the request's body was out,
    /// which before 8.0 it may never do.
    private func endSoonIfWhole() {
        guard request.hasBody, head?.version == "2", isWhole else { return }
        deadline = min(deadline, lastActivity &+ 100_000_000)
        if timer == nil { timer = LoopTimer(on: multi.loop) { [weak self] in self?.checkTime() } }
        armTimer()
    }

    /// Fills `space` with what is to be sent; nil when that is not known yet, 0 at the end.
    func send(into space: UnsafeMutableRawBufferPointer) -> Int? {
        noteActivity()
        var count = 0
        while count < space.count, let first = outgoing.first {
            let part = first.part(outgoingOffset, min(space.count - count, first.count - outgoingOffset))
            unsafe part.withUnsafeBytes {
                unsafe UnsafeMutableRawBufferPointer(rebasing: space[count...]).copyMemory(from: $0)
            }
            count += part.count
            outgoingOffset += part.count
            if outgoingOffset == first.count {
                outgoing.removeFirst()
                outgoingOffset = 0
            }
        }
        if outgoing.isEmpty { resume(&writeWaiter) }
        if count == 0, !outgoingEnded {
            isWritePaused = true
            return nil
        }
        return count
    }

    /// Starts the body over, for a redirect or a second try.
    func seekToStart() -> Bool { rewind() }
}
