import Base
import CLinux
import Crypto

// The engine between the socket and whoever reads and writes: it has no socket, and the queue knows no TLS.
extension Stream {
    /// Completes the handshake; the read deadline bounds it.
    ///
    /// What the peer said with its last step is lent already.
    public func handshake(_ body: (RawSpan) -> Void) async throws(StreamError) -> Arrival {
        guard let tls else { return .bytes }
        pumpTLS(tls)
        while !tls.isEstablished {
            let arrival = try await receive(body)
            if case .bytes = arrival { continue }
            if tls.isEstablished { break }
            return arrival
        }
        return .bytes
    }

    func receiveDecrypted(_ tls: TLSEngine, _ body: (RawSpan) -> Void) throws(StreamError) -> Arrival? {
        let wasEstablished = tls.isEstablished
        while true {
            // Whoever waits for the handshake has to look again once it is done.
            if tls.isEstablished, !wasEstablished {
                pumpTLS(tls)
                return .bytes
            }
            switch try step(tls) {
            case .bytes(let count):
                unsafe body(UnsafeRawBufferPointer(start: loop.plainScratch.baseAddress, count: count).bytes)
                return .bytes
            case .closed: return .end
            case .truncated: throw fail(.broken(SystemError("recv", ECONNRESET)))
            case .wantsMore: break
            }
            guard mayRead else { return nil }
            let count = try readSocket()
            if count < 0 { return nil }
            do throws(TLSError) {
                if count == 0 {
                    try tls.receiveEnd()
                } else {
                    try unsafe tls.receive(
                        UnsafeRawBufferPointer(start: loop.scratch.baseAddress, count: count))
                }
            } catch {
                pumpTLS(tls)
                throw fail(.tls(error))
            }
        }
    }

    /// Decrypts into the loop's second scratch and sends what the engine wants sent, an alert included.
    private func step(_ tls: TLSEngine) throws(StreamError) -> TLSEngine.ReadResult {
        let result: TLSEngine.ReadResult
        do throws(TLSError) {
            result = try unsafe tls.read(into: loop.plainScratch)
        } catch {
            pumpTLS(tls)
            throw fail(.tls(error))
        }
        pumpTLS(tls)
        // The descriptor of a connection that this has found broken may be somebody else's by now.
        if let failure { throw failure }
        return result
    }

    func pumpTLS(_ tls: TLSEngine) {
        queue.append { tls.takeOutput(appendingTo: &$0) }
        if !queue.isEmpty { flushNow() }
    }

    func encrypt(_ tls: TLSEngine, _ bytes: Bytes) {
        do throws(TLSError) {
            try unsafe bytes.withUnsafeBytes { (raw) throws(TLSError) in try unsafe tls.write(raw) }
            queue.append { tls.takeOutput(appendingTo: &$0) }
        } catch { _ = fail(.tls(error)) }
    }
}
