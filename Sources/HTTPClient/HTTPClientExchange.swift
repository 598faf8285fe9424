package import Base
internal import Reactor

/// One request and its answer, piece by piece in both directions. Lives on its client's loop.
///
/// One task may read while another writes.
package actor HTTPClientExchange {
    private let transfer: Transfer

    /// The loop of its client.
    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe transfer.multi.loop.asUnownedSerialExecutor()
    }

    init(_ request: HTTPClientRequest, on multi: CurlMulti, collects: Bool) {
        transfer = Transfer(request, on: multi, collects: collects)
    }

    /// Waits for the head of the answer.
    package func head() async throws(HTTPClientError) -> HTTPClientHead {
        while transfer.head == nil { try await waitToRead() }
        guard let head = transfer.head else { throw HTTPClientError(.protocolError, "no answer") }
        return head
    }

    /// Waits for the next piece of the answer's body; nil at its end.
    ///
    /// The server is made to wait when the pieces are not taken.
    package func next() async throws(HTTPClientError) -> Bytes? {
        while true {
            if let piece = transfer.takePiece() { return piece }
            if case .success = transfer.outcome { return nil }
            try await waitToRead()
        }
    }

    /// Sends a piece of a `.written` body; waits until there is room for the next.
    ///
    /// Returns also when the server has answered without reading on.
    package func write(_ bytes: Bytes) async throws(HTTPClientError) {
        transfer.write(bytes)
        while !transfer.mayWrite {
            if let outcome = transfer.outcome { return try outcome.get() }
            await onCancelEnd { await transfer.waitToWrite() }
        }
        if case .failure(let error) = transfer.outcome { throw error }
    }

    /// Ends a `.written` body.
    package func finish() { transfer.endBody() }

    func start() { transfer.start() }

    func cancel() { transfer.fail(.cancelled, "cancelled") }

    /// Sends a `.stream` body, whatever the server says meanwhile.
    func sendStream() async throws(HTTPClientError) {
        guard case .stream(_, let next) = transfer.request.body else { return }
        while transfer.outcome == nil {
            let piece: Bytes?
            do { piece = try await next() } catch {
                transfer.fail(.bodyFailed, "the body's source failed")
                break
            }
            guard let piece else { break }
            try await write(piece)
        }
        transfer.endBody()
    }

    /// Waits for the whole answer.
    func collect() async throws(HTTPClientError) -> HTTPClientResponse {
        transfer.start()
        try await sendStream()
        while transfer.outcome == nil { try await waitToRead() }
        if case .failure(let error) = transfer.outcome { throw error }
        return HTTPClientResponse(head: try await head(), body: transfer.takeBody())
    }

    private func waitToRead() async throws(HTTPClientError) {
        if case .failure(let error) = transfer.outcome { throw error }
        guard transfer.outcome == nil else { throw HTTPClientError(.protocolError, "no answer") }
        await onCancelEnd { await transfer.waitToRead() }
        if case .failure(let error) = transfer.outcome { throw error }
    }

    private func onCancelEnd(_ wait: () async -> Void) async {
        await withTaskCancellationHandler(operation: wait) { [transfer] in
            // On any thread; the loop orders it behind whatever it is doing.
            transfer.multi.loop.execute { transfer.fail(.cancelled, "cancelled") }
        }
    }
}
