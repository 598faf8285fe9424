import Base
import Glibc
import HTTPClient
import Synchronization
import Testing
import Wire

@Suite struct HTTPClientStreamTests {
    @Test func `a server is made to wait for a slow reader, and nothing is lost`() async throws {
        let total = 64 << 20
        try await withServer(answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: \(total)\r\n\r\n")
            let block = [UInt8](repeating: 0x61, count: 1 << 16)
            for _ in 0..<(total >> 16) { guard connection.send(block) else { return } }
        }) { server, client in
            var request = HTTPClientRequest(.get, server.url())
            request.bodyBytesMax = total
            let read = try await client.exchange(request) { exchange in
                _ = try await exchange.head()
                // The server fills what stands between us and then stays where it is.
                var before = -1
                while server.bytesSent != before {
                    before = server.bytesSent
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(before < 24 << 20)
                var read = 0
                while let piece = try await exchange.next() { read += piece.count }
                return read
            }
            #expect(read == total)
        }
    }

    @Test func `the head is there before the body, and each piece when it comes`() async throws {
        let allowed = Mutex(0)
        try await withServer(serve: { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n")
            for number in 1...3 {
                while allowed.withLock({ $0 }) < number { usleep(1000) }
                connection.send("data: \(number)\n\n")
            }
        }) { server, client in
            let seen = try await client.exchange(HTTPClientRequest(.get, server.url())) { exchange in
                var seen: [String?] = [try await exchange.head().fields["content-type"]]
                for number in 1...4 {
                    allowed.withLock { $0 = number }
                    seen.append(try await exchange.next()?.repairedText)
                }
                return seen
            }
            #expect(seen == ["text/event-stream", "data: 1\n\n", "data: 2\n\n", "data: 3\n\n", nil])
        }
    }

    @Test func `leaving the exchange early ends the connection`() async throws {
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        try await withServer(serve: { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\n\r\nfirst")
            connection.waitForEnd()
            end.yield()
        }) { server, client in
            let first = try await client.exchange(HTTPClientRequest(.get, server.url())) {
                try await $0.next()
            }
            #expect(first == "first")
            for await _ in ended { break }
            #expect(await client.load() == (0, 0))
        }
    }

    @Test func `both directions go on at once`() async throws {
        try await withServer(serve: { connection in
            // A conversation: each chunk is answered before the next is sent.
            guard connection.head() != nil else { return }
            connection.send("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
            for _ in 0..<3 {
                // "1\r\n" + byte + "\r\n"
                guard let chunk = connection.read(6) else { return }
                connection.send("1\r\n" + String(decoding: chunk[3...3], as: UTF8.self).uppercased() + "\r\n")
            }
            connection.send("0\r\n\r\n")
            connection.waitForEnd()
        }) { server, client in
            let request = HTTPClientRequest(.post, server.url(), body: .written(length: nil))
            let heard = try await client.exchange(request) { exchange in
                var heard = ""
                for letter in ["a", "b", "c"] {
                    try await exchange.write(Bytes(letter))
                    heard += try await exchange.next()?.repairedText ?? "-"
                }
                await exchange.finish()
                return heard + (try await exchange.next()?.repairedText ?? ".")
            }
            #expect(heard == "ABC.")
        }
    }

    @Test func `a large upload waits for the server`() async throws {
        let pieces = Mutex(0)
        let piece = Bytes([UInt8](repeating: 1, count: 1 << 20))
        try await withServer(serve: { connection in
            while pieces.withLock({ $0 }) < 1 { usleep(1000) }
            // Not reading: what the kernel takes is all that can be under way.
            var before = -1
            while pieces.withLock({ $0 }) != before {
                before = pieces.withLock { $0 }
                for _ in 0..<100 { usleep(1000) }
            }
            let stuck = before
            guard let request = connection.request() else { return }
            connection.answer(200, "\(stuck < 32) \(request.body.count)")
        }) { server, client in
            let request = HTTPClientRequest(
                .post, server.url(),
                body: .stream(length: nil) {
                    pieces.withLock { count in
                        count += 1
                        return count > 40 ? nil : piece
                    }
                })
            let seen = try await client.send(request).body
            #expect(seen == Bytes("true \(40 << 20)"))
        }
    }

    @Test func `a source that fails ends the exchange`() async throws {
        struct Broken: Error {}
        try await withServer(serve: { $0.waitForEnd() }) { server, client in
            let request = HTTPClientRequest(
                .post, server.url(), body: .stream(length: nil) { throw Broken() })
            #expect(await sendFailure(client, request)?.code == .bodyFailed)
            #expect(await client.load().requests == 0)
        }
    }

    @Test func `a server that answers before it has read everything is heard`() async throws {
        try await withServer(serve: { connection in
            _ = connection.read(100)
            connection.send("HTTP/1.1 413 Too Large\r\nconnection: close\r\ncontent-length: 3\r\n\r\nbig")
            connection.waitForEnd()
        }) { server, client in
            let request = HTTPClientRequest(
                .post, server.url(), body: .bytes(Bytes([UInt8](repeating: 0, count: 50 << 20))))
            let response = try await client.send(request)
            #expect(response.status == 413)
            #expect(response.body == "big")
        }
    }

    @Test(arguments: [true, false])
    func `an HTTP 2 server that answers and shuts the door on the body does not hold us up`(
        tellsLength: Bool
    ) async throws {
        try await withServer(serve: { connection in
            // The preface; our settings with a window of 0 for bodies; our acknowledgement.
            guard connection.read(24) != nil else { return }
            connection.send([0, 0, 6, 4, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0])
            connection.send([0, 0, 0, 4, 1, 0, 0, 0, 0])
            while let head = connection.read(9), connection.read(Int(head[1]) << 8 | Int(head[2])) != nil {
                guard head[3] == 1 else { continue }
                // `:status: 200`, perhaps `content-length: 1`; a body that ends the stream; RST_STREAM, NO_ERROR.
                let fields: [UInt8] = [0x88] + (tellsLength ? [0x0F, 0x0D, 1, 0x31] : [])
                connection.send([0, 0, UInt8(fields.count), 1, 4, 0, 0, 0, 1] + fields)
                connection.send([0, 0, 1, 0, 1, 0, 0, 0, 1, 0x78])
                connection.send([0, 0, 4, 3, 0, 0, 0, 0, 1, 0, 0, 0, 0])
            }
        }) { server, client in
            var request = HTTPClientRequest(.post, server.url(), body: .bytes("body"))
            request.version = .http2
            request.timeout = .seconds(20)
            do throws(HTTPClientError) {
                let response = try await client.send(request)
                #expect(response.body == "x")
            } catch {
                #expect(error.code == .protocolError && !tellsLength)
            }
            #expect(await client.load() == (0, 0))
        }
    }
}
