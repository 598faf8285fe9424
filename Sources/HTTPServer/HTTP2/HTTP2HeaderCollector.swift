import Base
import Wire

/// Gathers the fields of the header block that is coming in; HTTP/2 never mixes two.
struct HTTP2HeaderCollector {
    /// What became of a request's header block.
    enum Outcome {
        case request(HTTP2RequestHead)
        /// Beyond a limit: the status to answer with.
        case refused(status: Int)
        case malformed
    }

    private typealias Place = (start: Int, count: Int)

    private let limits: HTTP2Limits
    /// Names and values, one after the other; of pseudo-fields the values alone.
    private var block: [UInt8] = []
    private var places: [(start: Int, name: Int, value: Int)] = []
    private var cookies: [UInt8] = []
    private var method: Place = (0, 0)
    private var scheme: Place = (0, 0)
    private var authority: Place = (0, 0)
    private var path: Place = (0, 0)
    private var upgradeProtocol: Place?
    private var listBytes = 0
    private var listCount = 0

    init(limits: HTTP2Limits) { self.limits = limits }

    /// Whether the block is so large that its sender means harm.
    var isOutrageous: Bool {
        listBytes > 8 * limits.headerBytesMax + 65536 || listCount > 8 * limits.headerFieldsMax + 1024
    }

    private var isTooLarge: Bool { listBytes > limits.headerBytesMax || listCount > limits.headerFieldsMax }

    mutating func begin() { self = HTTP2HeaderCollector(limits: limits) }

    mutating func add(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        listBytes += name.count + value.count + 32
        listCount += 1
        // What is beyond the limit is counted and not kept.
        guard !isTooLarge else { return }
        if block.isEmpty {
            block.reserveCapacity(512)
            places.reserveCapacity(12)
        }
        if unsafe name.first == UInt8(ascii: ":") {
            unsafe addPseudo(name, value)
        } else if unsafe name.count == 6 && name.elementsEqual("cookie".utf8) {
            if !cookies.isEmpty { cookies.append(contentsOf: "; ".utf8) }
            unsafe cookies.append(contentsOf: value)
        } else {
            places.append((block.count, name.count, value.count))
            unsafe block.append(contentsOf: name)
            unsafe block.append(contentsOf: value)
        }
    }

    private mutating func addPseudo(_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) {
        guard name.count >= 5 else { return }
        let place = (block.count, value.count)
        unsafe block.append(contentsOf: value)
        // nghttp2 lets none through but these, each at most once.
        switch unsafe (name.count, name[1]) {
        case (5, _): path = place
        case (7, UInt8(ascii: "m")): method = place
        case (7, _): scheme = place
        case (10, UInt8(ascii: "a")): authority = place
        default: upgradeProtocol = place
        }
    }

    /// The fields of trailers; nil beyond a limit.
    mutating func takeTrailers() -> HeaderFields? {
        defer { begin() }
        return isTooLarge ? nil : fields(in: Bytes(block))
    }

    /// The request that the block made.
    mutating func takeRequest(endsStream: Bool) -> Outcome {
        defer { begin() }
        guard !isTooLarge else { return .refused(status: 431) }
        guard path.count <= limits.targetMax else { return .refused(status: 414) }
        let whole = Bytes(block)
        func part(_ place: Place) -> Bytes { whole.part(place.start, place.count) }
        var fields = fields(in: whole)
        let method = Self.method(part(method))
        let scheme = part(scheme)
        let isTunnel = method == .connect && upgradeProtocol == nil
        guard isTunnel || scheme.equalsIgnoringCase("https") || scheme.equalsIgnoringCase("http"),
            let authority = Self.agreed(part(authority), fields)
        else { return .malformed }
        // Handlers look for `host`, whatever the version of HTTP.
        if !fields.contains("host") { fields.append(Self.host, authority) }
        return .request(
            HTTP2RequestHead(
                method: method, scheme: scheme, authority: authority, path: part(path),
                upgradeProtocol: upgradeProtocol.map(part), fields: fields, endsStream: endsStream))
    }

    /// What `:authority` and `Host` say together; nil where they differ, or where there is no plain one.
    private static func agreed(_ authority: Bytes, _ fields: HeaderFields) -> Bytes? {
        let hosts = fields.all("host")
        guard hosts.count <= 1 else { return nil }
        let agreed = authority.isEmpty ? hosts.first ?? Bytes() : authority
        if let host = hosts.first, host != agreed { return nil }
        // A user and password in front of the host deceive whoever reads it (RFC 9113, section 8.3.1).
        return agreed.isEmpty || agreed.contains(UInt8(ascii: "@")) ? nil : agreed
    }

    private func fields(in whole: Bytes) -> HeaderFields {
        var fields = HeaderFields()
        for place in places {
            fields.append(
                whole.part(place.start, place.name), whole.part(place.start + place.name, place.value))
        }
        if !cookies.isEmpty { fields.append(Self.cookie, Bytes(cookies)) }
        return fields
    }

    private static let host: Bytes = "host"
    private static let cookie: Bytes = "cookie"

    private static func method(_ name: Bytes) -> HTTPMethod {
        switch (name.count, name.first) {
        case (3, UInt8(ascii: "G")) where name.elementsEqual("GET".utf8): .get
        case (4, UInt8(ascii: "P")) where name.elementsEqual("POST".utf8): .post
        default: HTTPMethod(name.repairedText)
        }
    }
}
