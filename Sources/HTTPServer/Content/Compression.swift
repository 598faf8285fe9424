import Base
import Wire

/// Sends large answers of text as gzip to clients that take it.
enum Compression {
    /// Smaller answers fit into one or two packets anyway.
    static let bytesMin = 2048
    /// Larger answers are compressed away from the loop, whose other connections would wait for milliseconds.
    static let onLoopMax = 64 << 10
    /// Larger answers are compressed with the least effort.
    static let fullEffortMax = 1 << 20

    /// Whether an answer is worth a closer look; most are too small.
    static func concerns(_ response: Response) -> Bool {
        if response.status == .notModified { return true }
        guard case .bytes(let bytes) = response.body else { return false }
        return bytes.count >= bytesMin
    }

    /// The answer as it goes to this client.
    static func apply(to response: Response, for request: Request) async -> Response {
        if response.status == .notModified { return unchanged(response, for: request) }
        guard case .bytes(let bytes) = response.body, bytes.count >= bytesMin, mayChange(response) else {
            return response
        }
        return await compress(response, bytes, for: request)
    }

    private static func mayChange(_ response: Response) -> Bool {
        let fields = response.fields
        guard !response.status.forbidsBody, response.status != .partialContent,
            let type = fields.bytes("content-type"), MediaType.isCompressible(type)
        else { return false }
        return !fields.contains("content-encoding") && !fields.list("cache-control", has: "no-transform")
    }

    private static func compress(_ response: Response, _ bytes: Bytes, for request: Request) async -> Response
    {
        var response = response
        response.fields.vary(by: "accept-encoding")
        guard ContentNegotiation.acceptsGzip(request.fields) else { return response }
        let small = bytes.count > onLoopMax ? await packAside(bytes) : pack(bytes)
        guard let small, small.count < bytes.count else { return response }
        response.body = .bytes(small)
        response.fields.append("content-encoding", "gzip")
        weakenTag(of: &response)
        return response
    }

    /// The client asked whether its copy is current; if that was compressed here, its tag is the weak one.
    private static func unchanged(_ response: Response, for request: Request) -> Response {
        // Whoever says already what the answer varies by has chosen between forms and tags by itself.
        guard !response.fields.contains("vary"), ContentNegotiation.acceptsGzip(request.fields) else {
            return response
        }
        var response = response
        weakenTag(of: &response)
        return response
    }

    /// The bytes differ from what the handler tagged, so that only the content is the same.
    private static func weakenTag(of response: inout Response) {
        guard let tag = response.fields.bytes("etag").flatMap({ EntityTag(field: $0) }), !tag.isWeak else {
            return
        }
        response.fields.replace("etag", tag.weakened.field)
    }

    @concurrent private static func packAside(_ bytes: Bytes) async -> Bytes? { pack(bytes) }

    private static func pack(_ bytes: Bytes) -> Bytes? {
        // Without memory for it the answer goes as it is.
        try? gzip(bytes, level: bytes.count > fullEffortMax ? 1 : 6)
    }
}
