internal import CCurl
internal import Reactor

/// libcurl's multi handle on an event loop: it tells libcurl which sockets are ready and what time it is.
// SAFETY: touched on its loop only, which the entries assert; `init` runs before anybody else can see it.
@safe final class CurlMulti: @unchecked Sendable {
    let loop: EventLoop
    let settings: HTTPClientSettings

    private var handle: UnsafeMutableRawPointer?
    private var watches: [Int32: Watch] = [:]
    private var timer: LoopTimer?
    private var spinGuard = SpinGuard()
    /// Keeps alive what libcurl's callbacks point at.
    private var transfers: [ObjectIdentifier: Transfer] = [:]

    init(on loop: EventLoop, settings: HTTPClientSettings) throws(HTTPClientError) {
        self.loop = loop
        self.settings = settings
        guard CurlLibrary.isReady, let handle = unsafe curl_multi_init() else {
            throw HTTPClientError(.other, "libcurl cannot be set up")
        }
        unsafe self.handle = handle
        let context = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe hg_multi_set_callbacks(handle, socketChanged, timerChanged, context)
        unsafe hg_multi_set_long(handle, CURLMOPT_MAX_HOST_CONNECTIONS, settings.connectionsPerHostMax)
        unsafe hg_multi_set_long(handle, CURLMOPT_MAX_TOTAL_CONNECTIONS, settings.connectionsMax)
        unsafe hg_multi_set_long(handle, CURLMOPT_MAXCONNECTS, settings.idleConnectionsMax)
        timer = LoopTimer(on: loop) { [weak self] in self?.act(CURL_SOCKET_BAD, 0) }
    }

    var transferCount: Int { transfers.count }
    var socketCount: Int { watches.count }

    /// Takes a transfer in and starts it.
    func add(_ transfer: Transfer, _ easy: UnsafeMutableRawPointer) throws(HTTPClientError) {
        precondition(loop.isCurrent, "not on the client's loop")
        guard let handle = unsafe handle else { throw HTTPClientError(.cancelled, "the client is shut down") }
        guard transfers.count < settings.requestsMax else {
            throw HTTPClientError(.overloaded, "over \(settings.requestsMax) requests under way")
        }
        guard unsafe curl_multi_add_handle(handle, easy) == CURLM_OK else {
            throw HTTPClientError(.other, "libcurl refused the request")
        }
        transfers[ObjectIdentifier(transfer)] = transfer
        // libcurl asked for a timer of 0 by now; there is no need to wait for the next round.
        act(CURL_SOCKET_BAD, 0)
    }

    /// Lets a transfer go; never within a callback of libcurl.
    func remove(_ transfer: Transfer, _ easy: UnsafeMutableRawPointer) {
        guard let handle = unsafe handle else { return }
        unsafe curl_multi_remove_handle(handle, easy)
        transfers[ObjectIdentifier(transfer)] = nil
    }

    /// Ends every transfer and closes every connection.
    func shutdown() {
        precondition(loop.isCurrent, "not on the client's loop")
        guard let handle = unsafe handle else { return }
        for transfer in transfers.values { transfer.fail(.cancelled, "the client was shut down") }
        unsafe curl_multi_cleanup(handle)
        unsafe self.handle = nil
        for watch in watches.values { watch.cancel() }
        watches = [:]
        timer?.cancel()
        timer = nil
    }

    /// Has libcurl do what it can, then ends the transfers that are over.
    private func act(_ socket: curl_socket_t, _ events: Int32) {
        guard let handle = unsafe handle else { return }
        var running: Int32 = 0
        unsafe curl_multi_socket_action(handle, socket, events, &running)
        var result = CURLE_OK
        while let handle = unsafe self.handle, let easy = unsafe hg_multi_next_done(handle, &result),
            let context = unsafe hg_get_context(easy)
        {
            unsafe Transfer.from(context).finished(result)
        }
        if spinGuard.turned(at: loop.now) {
            for transfer in transfers.values { transfer.endIfSpinning() }
        }
    }

    /// A transfer sent or received something.
    func noteWork() { spinGuard.worked() }

    // MARK: What libcurl asks for

    fileprivate func watch(_ socket: curl_socket_t, _ what: Int32) -> Int32 {
        guard what != CURL_POLL_REMOVE else {
            watches.removeValue(forKey: socket)?.cancel()
            return 0
        }
        var interest: Readiness = []
        if what & CURL_POLL_IN != 0 { interest.insert(.read) }
        if what & CURL_POLL_OUT != 0 { interest.insert(.write) }
        do throws(SystemError) {
            if let watch = watches[socket] {
                try watch.change(interest)
            } else {
                watches[socket] = try Watch(socket, interest, on: loop) { [weak self] readiness in
                    self?.ready(socket, readiness)
                }
            }
            return 0
        } catch {
            // The kernel has no memory for another watch; libcurl ends its transfers.
            return -1
        }
    }

    fileprivate func setTimer(milliseconds: Int) {
        guard milliseconds >= 0 else { return timer?.cancel() ?? () }
        timer?.set(after: .milliseconds(milliseconds))
    }

    private func ready(_ socket: curl_socket_t, _ readiness: Readiness) {
        var events: Int32 = 0
        if !readiness.isDisjoint(with: [.read, .peerEnded]) { events |= CURL_CSELECT_IN }
        if readiness.contains(.write) { events |= CURL_CSELECT_OUT }
        if !readiness.isDisjoint(with: .broken) { events |= CURL_CSELECT_ERR | CURL_CSELECT_IN }
        act(socket, events)
    }
}

/// libcurl's global state, set up once.
enum CurlLibrary {
    static let isReady = hg_global_init() == CURLE_OK

    /// Whether HTTP/2 may be used for everything.
    ///
    /// Before 8.0 libcurl loses an answer that comes before the request's body is out, cannot tell a request that
    /// a closing server refused unseen from one that was lost, and breaks a clear-text connection that it uses a
    /// second time.
    static let isHTTP2Sound = hg_version() >= 0x080000
}

@c private func socketChanged(
    _ easy: UnsafeMutableRawPointer?, _ socket: curl_socket_t, _ what: Int32,
    _ context: UnsafeMutableRawPointer?,
    _ socketContext: UnsafeMutableRawPointer?
) -> Int32 {
    // SAFETY: the multi handle is cleaned up before its owner goes.
    guard let context = unsafe context else { return -1 }
    return unsafe Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue().watch(socket, what)
}

@c private func timerChanged(
    _ multi: UnsafeMutableRawPointer?, _ milliseconds: Int, _ context: UnsafeMutableRawPointer?
) -> Int32 {
    // SAFETY: as above.
    guard let context = unsafe context else { return -1 }
    unsafe Unmanaged<CurlMulti>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds: milliseconds)
    return 0
}
