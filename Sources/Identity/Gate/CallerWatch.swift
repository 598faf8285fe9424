package import HTTPServer
package import Kernel
import Base
import Reactor

/// What an open stream knows of its caller: who that is now, and when that changes.
package struct CallerWatch: Sendable {
    private let callers: Callers
    private let credentials: Credentials
    private let peer: SocketAddress
    private let id: Int
    private let changes: AsyncStream<Void>

    /// Who it was when the watch began.
    package let caller: Caller

    /// Watches whoever sent a request that passed the gate; throws where its credential is none any more.
    package init(_ request: Request, _ callers: Callers) async throws {
        credentials = try Credentials.of(request)
        peer = request.client
        self.callers = callers
        guard let first = try await callers.resolve(credentials, from: peer) else {
            throw APIError(.unauthorized)
        }
        (id, changes) = callers.watch(first)
        do {
            // Once more: what changed between the two nobody would have been told of.
            guard let caller = try await Self.settled(callers, credentials, peer, id) else {
                throw APIError(.unauthorized)
            }
            self.caller = caller
        } catch {
            callers.unwatch(id)
            throw error
        }
    }

    /// Whoever it is, once what that depends on is watched: a role that came since brings changes of its own.
    private static func settled(
        _ callers: Callers, _ credentials: Credentials, _ peer: SocketAddress, _ id: Int
    ) async throws -> Caller? {
        while let resolved = try await callers.resolve(credentials, from: peer) {
            if !callers.rewatch(id, resolved) { return resolved.caller }
        }
        return nil
    }

    /// Calls `body` with the caller whenever something about it has changed; returns when the credential is revoked
    /// or has ended, and when the task does.
    package func run(_ body: @Sendable (Caller) async -> Void) async {
        defer { callers.unwatch(id) }
        var end = caller.expiresAt
        while !Task.isCancelled {
            await Self.firstOf(changes, until: end)
            guard !Task.isCancelled, let caller = await present() else { return }
            end = caller.expiresAt
            await body(caller)
        }
    }

    /// Whoever it is now; nil for nobody any more.
    private func present() async -> Caller? {
        // Whatever the reason is that it cannot be found out: a stream does not go on for somebody unknown.
        try? await Self.settled(callers, credentials, peer, id)
    }

    /// Waits for a change, or for a time.
    private static func firstOf(_ changes: AsyncStream<Void>, until end: Timestamp?) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in changes { return } }
            if let end {
                group.addTask {
                    let rest = end - Clocks.system.now
                    // Cut short only by the change that came first.
                    try? await Task.sleep(for: max(rest, .zero) + .milliseconds(1))
                }
            }
            await group.next()
            group.cancelAll()
        }
    }
}
