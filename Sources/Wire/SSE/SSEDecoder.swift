public import Base

/// Why a stream of events cannot be read on.
public enum SSEError: Error, Equatable, Sendable {
    /// An event is larger than this many bytes.
    case tooLarge(bytesMax: Int)
}

/// Reads a `text/event-stream` that arrives in pieces cut anywhere.
public struct SSEDecoder: Sendable {
    /// The id of the last event that had one: what to send as `Last-Event-ID`.
    public private(set) var lastEventID: String?
    /// The waiting time before a reconnection that the server last asked for.
    public private(set) var retry: Duration?

    private let eventBytesMax: Int
    private var line: [UInt8] = []
    private var data: [UInt8]?
    private var name: String?
    private var id: String?
    private var isAfterCR = false
    private var isFirstLine = true

    /// Makes a decoder that refuses a line, or an event's data, over `eventBytesMax` bytes.
    public init(eventBytesMax: Int = 1 << 20) {
        self.eventBytesMax = eventBytesMax
    }

    /// Takes in the next piece and calls `event` with each event that is now complete.
    ///
    /// An event's `id` is its own field; `lastEventID` carries over. Events without data are not reported.
    public mutating func decode(_ piece: Bytes, _ event: (ServerSentEvent) -> Void) throws(SSEError) {
        for byte in piece {
            defer { isAfterCR = byte == 0x0D }
            if byte == 0x0A && isAfterCR { continue }
            guard byte == 0x0A || byte == 0x0D else {
                guard line.count < eventBytesMax else { throw .tooLarge(bytesMax: eventBytesMax) }
                line.append(byte)
                continue
            }
            try endLine(event)
        }
    }

    private mutating func endLine(_ event: (ServerSentEvent) -> Void) throws(SSEError) {
        if isFirstLine && line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        isFirstLine = false
        defer { line.removeAll(keepingCapacity: true) }
        guard !line.isEmpty else { return dispatch(event) }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[min(colon + 1, line.endIndex)...]
        if value.first == UInt8(ascii: " ") { value.removeFirst() }
        switch String(decoding: line[..<colon], as: UTF8.self) {
        case "data":
            // The line break that joins it to the line before.
            if data != nil { data?.append(0x0A) } else { data = [] }
            guard (data?.count ?? 0) + value.count <= eventBytesMax else {
                throw .tooLarge(bytesMax: eventBytesMax)
            }
            data?.append(contentsOf: value)
        case "event": name = String(decoding: value, as: UTF8.self)
        case "id" where !value.contains(0):
            id = String(decoding: value, as: UTF8.self)
            lastEventID = id
        case "retry":
            guard value.count < 16, value.allSatisfy({ (0x30...0x39).contains($0) }),
                let milliseconds = Int64(String(decoding: value, as: UTF8.self))
            else { return }
            retry = .milliseconds(milliseconds)
        default: break  // a comment, or a field of the future
        }
    }

    private mutating func dispatch(_ event: (ServerSentEvent) -> Void) {
        defer { (data, name, id) = (nil, nil, nil) }
        guard let data else { return }
        event(ServerSentEvent(name: name, id: id, data: Bytes(data)))
    }
}
