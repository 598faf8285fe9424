import Base
import CLinux
import Crypto
import Glibc
@testable import Reactor
import Testing

/// How a stream ends: politely, by a reset, by this side's own hand.
@Suite(.timeLimit(.minutes(5))) struct StreamEndTests {
    /// A raw TCP connection to a stream on the loop; the descriptor belongs to the test.
    private static func raw(on pinned: isolated Pinned) async throws -> (
        descriptor: Int32, stream: Reactor.Stream
    ) {
        let arrivals = Arrivals()
        let listener = try Listener(localhost, on: pinned.loop)
        try listener.start { descriptor, peer in
            do { arrivals.add(try Reactor.Stream(adopting: descriptor, peer: peer, on: listener.loop)) } catch
            {
                Issue.record(error)
            }
        }
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        #expect(unsafe listener.address.withStorage { unsafe hg_connect(descriptor, $0, $1) } == 0)
        let stream = await arrivals.next()
        listener.stop()
        return (descriptor, stream)
    }

    private static func reset(_ descriptor: Int32) {
        _ = hg_reset_on_close(descriptor)
        _ = hg_close(descriptor)
    }

    @Test func `a reset wakes the reader with the reason`() async throws {
        try await onLoop { pinned in
            let (descriptor, stream) = try await Self.raw(on: pinned)
            let reader = pinned.spawn { _ in try await stream.receive { _ in } }
            await Task.yield()
            Self.reset(descriptor)
            let error = await failure { _ = try await reader.value }
            guard case .broken(let reason) = error as? StreamError else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(reason.code == ECONNRESET)
            #expect(stream.isClosed)
        }
    }

    @Test func `a reset while nobody reads is told once`() async throws {
        try await onLoop { pinned in
            let (descriptor, stream) = try await Self.raw(on: pinned)
            let broken = Queue<Int>()
            stream.onBroken = { broken.add(1) }
            Self.reset(descriptor)
            _ = await broken.next()
            _ = await expectStreamError { _ = try await stream.receive { _ in } }
            stream.close()
            #expect(broken.count == 0)
        }
    }

    @Test func `a peer that ends its half is not broken`() async throws {
        try await onLoop { pinned in
            let (descriptor, stream) = try await Self.raw(on: pinned)
            var broken = 0
            stream.onBroken = { broken += 1 }
            _ = hg_shutdown_write(descriptor)
            await until { stream.peerHasEnded }
            #expect(broken == 0)
            #expect(try await stream.collect().isEmpty)
            stream.close()
            #expect(broken == 0)
            _ = hg_close(descriptor)
        }
    }

    @Test func `a write that fails inside of receive does not leave the reader waiting`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.unix, on: pinned)
            ends.far.close()
            // The loop has not heard of it yet: only the write does.
            ends.near.write("into nothing")
            _ = await expectStreamError { _ = try await ends.near.receive { _ in } }
            #expect(ends.near.isClosed)
        }
    }

    @Test func `a write that fails inside of a TLS receive does not leave the reader waiting`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.tls, on: pinned)
            ends.near.close()
            while case .bytes? = try? await ends.far.receive({ _ in }) {}
            ends.far.write("into nothing")
            ends.far.flush()
            ends.far.write("and again")
            _ = await expectStreamError {
                while true { _ = try await ends.far.receive { _ in } }
            }
        }
    }

    @Test func `a writer that waits is woken by a reset`() async throws {
        try await onLoop { pinned in
            let (descriptor, stream) = try await Self.raw(on: pinned)
            stream.write(Bytes([UInt8](repeating: 1, count: 30_000_000)))
            let writer = pinned.spawn { _ in try await stream.drained() }
            await until { stream.queued < 30_000_000 }
            Self.reset(descriptor)
            _ = await expectStreamError { _ = try await writer.value }
            #expect(stream.queued == 0)
        }
    }

    @Test func `closing wakes reader and writer, and everything after it says closed`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.unix, on: pinned)
            defer { ends.close() }
            let reader = pinned.spawn { _ in try await ends.near.receive { _ in } }
            ends.near.write(Bytes([UInt8](repeating: 1, count: 4_000_000)))
            let writer = pinned.spawn { _ in try await ends.near.drained() }
            await until { ends.near.queued < 4_000_000 }
            await Task.yield()
            ends.near.close()
            _ = await expectStreamError { _ = try await reader.value }
            _ = await expectStreamError { _ = try await writer.value }
            ends.near.write("nobody hears this")
            ends.near.flush()
            ends.near.close()
            #expect(ends.near.queued == 0)
            _ = await expectStreamError { _ = try await ends.near.receive { _ in } }
            _ = await expectStreamError { _ = try await ends.near.drained() }
        }
    }

    @Test(arguments: Link.allCases)
    func `a polite end delivers the last answer to a peer that is still sending`(
        link: Link
    ) async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(link, on: pinned)
            defer { ends.close() }
            // Unread bytes at the time of a hard close would make the kernel send a reset.
            ends.near.write(Bytes([UInt8](repeating: 1, count: 300_000)))
            ends.near.flush()
            ends.far.write("refused")
            let closing = pinned.spawn { _ in
                await ends.far.closeGracefully(deadline: EventLoop.clock() + 60_000_000_000)
            }
            #expect(text(try await ends.near.collect()) == "refused")
            ends.near.close()
            try await closing.value
            #expect(ends.far.isClosed)
        }
    }

    @Test(arguments: Link.allCases) func `a polite end waits for a peer that takes its answer slowly`(
        link: Link
    ) async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(link, on: pinned)
            defer { ends.close() }
            ends.far.write(Bytes([UInt8](repeating: 1, count: 30_000_000)))
            let closing = pinned.spawn { _ in
                // The deadline is for what comes after the answer.
                await ends.far.closeGracefully(deadline: EventLoop.clock() + 20_000_000)
            }
            await until { ends.far.queued < 30_000_000 }
            try await pinned.loop.sleep(for: .milliseconds(60))
            #expect(try await ends.near.collect().count == 30_000_000)
            ends.near.close()
            try await closing.value
        }
    }

    @Test func `a polite end does not wait for ever`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.tcp, on: pinned)
            defer { ends.close() }
            await ends.far.closeGracefully(deadline: EventLoop.clock() + 10_000_000)
            #expect(ends.far.isClosed)
        }
    }

    @Test func `a polite end does not read on without bound`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.tcp, on: pinned)
            defer { ends.close() }
            let flood = pinned.spawn { _ in
                while !ends.near.isClosed {
                    ends.near.write(Bytes([UInt8](repeating: 1, count: 65536)))
                    try await ends.near.drained()
                }
            }
            await ends.far.closeGracefully(deadline: EventLoop.clock() + 50_000_000_000)
            #expect(ends.far.isClosed)
            _ = await failure { _ = try await flood.value }
        }
    }

    @Test func `a TLS end without goodbye is told apart from a polite one`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.tls, on: pinned)
            ends.near.say("cut")
            #expect(text(try await ends.far.collect(3)) == "cut")
            ends.near.close()
            _ = await expectStreamError { _ = try await ends.far.collect() }
        }
    }

    @Test func `what does not speak TLS is refused, not waited for`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.pair(on: pinned, far: try TLSEngine(accepting: TestTLS.shared.server))
            defer { ends.close() }
            ends.near.say("GET / HTTP/1.1\r\n\r\n")
            let error = await failure { _ = try await ends.far.handshake { _ in } }
            guard case .tls = error as? StreamError else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
        }
    }
}
