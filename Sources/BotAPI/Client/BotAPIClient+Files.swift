package import Base
internal import HTTPClient
internal import Wire

/// A file on its way from Telegram.
package struct BotFileDownload: Sendable {
    /// 200, 206 for a part, 416 for a part that there is not.
    package let status: Int
    /// How many bytes will come, where the server says so.
    package let length: Int?
    /// Which kind of file it is, as the server says.
    package let contentType: String?
    /// Which part this is, as the server says.
    package let contentRange: String?
    fileprivate let exchange: HTTPClientExchange

    /// Waits for the next piece; nil at the end.
    ///
    /// The server is made to wait when the pieces are not taken.
    package func next() async throws(BotAPIError) -> Bytes? {
        do throws(HTTPClientError) { return try await exchange.next() } catch { throw BotAPIError(error) }
    }
}

extension BotAPIClient {
    /// Larger than the largest file that a local server gives.
    private static let fileBytesMax = 4 << 30
    private static let errorBytesMax = 64 << 10

    /// Lends a file, by the path that `getFile` told; what is left of it when `body` returns is cut off.
    ///
    /// `range` is a `Range` field, passed on as it is. Refusals are thrown as `BotAPIError`.
    package func download<R>(
        _ path: String, as token: BotToken, range: String? = nil,
        _ body: (BotFileDownload) async throws -> R
    ) async throws -> R {
        guard let path = Self.escaped(path) else { throw BotAPIError(.badCall, "not the path of a file") }
        var request = HTTPClientRequest(.get, address(path, as: token))
        if let range { request.fields.append("range", range) }
        request.version = .http1
        request.timeout = nil
        request.idleTimeout = .seconds(30)
        request.bodyBytesMax = Self.fileBytesMax
        do {
            return try await client(for: token).exchange(request) { exchange in
                let head = try await exchange.head()
                guard [200, 206, 416].contains(head.status) else {
                    throw try await Self.refusal(head, exchange, token)
                }
                let download = BotFileDownload(
                    status: head.status, length: head.fields["content-length"].flatMap { Int($0) },
                    contentType: head.fields["content-type"], contentRange: head.fields["content-range"],
                    exchange: exchange)
                return try await body(download)
            }
        } catch let error as HTTPClientError {
            throw BotAPIError(error)
        }
    }

    private static func refusal(
        _ head: HTTPClientHead, _ exchange: HTTPClientExchange, _ token: BotToken
    ) async throws -> BotAPIError {
        var whole: [UInt8] = []
        while whole.count < errorBytesMax, let piece = try await exchange.next() { whole += piece }
        do throws(BotAPIError) {
            _ = try AnswerReader(token: token).read(status: head.status, head.fields, Bytes(whole))
            return BotAPIError(.malformedAnswer, "no file, status \(head.status)", status: head.status)
        } catch {
            return error
        }
    }

    /// The path as it stands in a URL; nil where it leads elsewhere than down.
    private static func escaped(_ path: String) -> Bytes? {
        guard (1...1024).contains(path.utf8.count) else { return nil }
        var result: [UInt8] = []
        for part in path.split(separator: "/", omittingEmptySubsequences: false) {
            guard !part.isEmpty, part != ".", part != ".." else { return nil }
            if !result.isEmpty { result.append(UInt8(ascii: "/")) }
            for byte in part.utf8 {
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    0x30...0x39, UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: "~"):
                    result.append(byte)
                default:
                    result.append(UInt8(ascii: "%"))
                    for digit in [byte >> 4, byte & 15] {
                        result.append(Array("0123456789ABCDEF".utf8)[Int(digit)])
                    }
                }
            }
        }
        return Bytes(result)
    }
}
