import Base
import Crypto

/// A server's and a client's engine with nothing but memory between them.
struct TLSPair {
    let server: TLSEngine
    let client: TLSEngine

    init(_ serverSettings: TLSServerSettings, _ clientSettings: TLSClientSettings, host: String) throws {
        try self.init(TLSContext(server: serverSettings), TLSContext(client: clientSettings), host: host)
    }

    init(_ server: TLSContext, _ client: TLSContext, host: String = "example.test") throws {
        self.server = try TLSEngine(accepting: server)
        self.client = try TLSEngine(connecting: client, to: host)
    }

    /// Carries what there is to carry both ways until both are silent; whole, or in pieces of a size.
    func exchange(piece: Int? = nil) throws {
        while server.outputCount > 0 || client.outputCount > 0 {
            try Self.feed(client.takeOutput(), to: server, piece)
            try Self.feed(server.takeOutput(), to: client, piece)
        }
    }

    private static func feed(_ bytes: [UInt8], to engine: TLSEngine, _ piece: Int?) throws {
        var start = 0
        while start < bytes.count {
            let end = min(bytes.count, start + (piece ?? bytes.count))
            try engine.receive(Bytes(bytes[start..<end]))
            start = end
        }
    }

    /// What `engine` can read now, and how it ended.
    static func readAll(_ engine: TLSEngine) throws -> (bytes: [UInt8], end: TLSEngine.ReadResult) {
        var bytes: [UInt8] = []
        while true {
            let result = try engine.read(appendingTo: &bytes)
            guard case .bytes = result else { return (bytes, result) }
        }
    }

    /// Says something from one end and returns what the other end reads.
    func send(_ text: String, from: TLSEngine, to: TLSEngine, piece: Int? = nil) throws -> String {
        try from.write(Bytes(text))
        try exchange(piece: piece)
        return String(decoding: try Self.readAll(to).bytes, as: UTF8.self)
    }
}

extension TLSServerSettings {
    /// A server that answers to `example.test`.
    static func test(
        _ identities: String..., protocols: [String] = [], clients: ClientCertificates = .none,
        only version: TLSVersion? = nil
    ) -> TLSServerSettings {
        let names = identities.isEmpty ? ["example"] : identities
        return TLSServerSettings(
            identities: names.map(TestCertificates.shared.identity), protocols: protocols,
            clientCertificates: clients, minimumVersion: version ?? .tls12, maximumVersion: version ?? .tls13)
    }
}

extension TLSClientSettings {
    /// A client that trusts the authority of the tests.
    static func test(
        protocols: [String] = [], identity: String? = nil, only version: TLSVersion? = nil
    ) -> TLSClientSettings {
        TLSClientSettings(
            trust: .authorities(TestCertificates.shared.authority), protocols: protocols,
            identity: identity.map(TestCertificates.shared.identity), minimumVersion: version ?? .tls12,
            maximumVersion: version ?? .tls13)
    }
}

/// The code of the TLS error that an expression throws; nil for none.
func code(_ body: () throws -> Void) -> TLSError.Code? {
    do { try body() } catch { return (error as? TLSError)?.code }
    return nil
}
