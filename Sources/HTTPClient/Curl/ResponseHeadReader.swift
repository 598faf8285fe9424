internal import Base
internal import Wire

/// Puts the head of an answer together from the lines that libcurl reports.
///
/// A status line starts anew: after `100 Continue`, and after a redirect that is followed.
struct ResponseHeadReader {
    enum Outcome: Equatable {
        case more
        /// This is the answer's head.
        case head(HTTPClientHead)
        case tooLarge
        case malformed
    }

    private let bytesMax: Int
    private let followsRedirects: Bool
    private var bytes = 0
    private var status = 0
    private var version = ""
    private var fields = HeaderFields()

    init(bytesMax: Int, followsRedirects: Bool) {
        self.bytesMax = bytesMax
        self.followsRedirects = followsRedirects
    }

    mutating func read(_ line: Bytes) -> Outcome {
        bytes += line.count
        guard bytes <= bytesMax else { return .tooLarge }
        let line = Self.trimmed(line)
        guard !line.isEmpty else { return end() }
        if line.starts(with: Array("HTTP/".utf8)) {
            return start(line) ? .more : .malformed
        }
        guard let colon = line.firstIndex(of: UInt8(ascii: ":")), colon > 0 else { return .malformed }
        let name = line[0..<colon].map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }
        fields.append(Bytes(name), Self.trimmed(line[colon + 1..<line.count]))
        return .more
    }

    private mutating func start(_ line: Bytes) -> Bool {
        let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: true)
        guard parts.count >= 2, let status = Int(parts[1].repairedText), (100...999).contains(status) else {
            return false
        }
        self.status = status
        version = parts[0].dropFirst(5).repairedText
        fields = HeaderFields()
        return true
    }

    private mutating func end() -> Outcome {
        bytes = 0
        guard status != 0 else { return .malformed }
        guard status >= 200 else { return .more }
        if followsRedirects, [301, 302, 303, 307, 308].contains(status), fields.contains("location") {
            return .more
        }
        return .head(HTTPClientHead(status: status, fields: fields, version: version))
    }

    private static func trimmed(_ bytes: Bytes) -> Bytes {
        var (start, end) = (0, bytes.count)
        while start < end, bytes[start] == 0x20 || bytes[start] == 0x09 { start += 1 }
        while end > start, [0x20, 0x09, 0x0D, 0x0A].contains(bytes[end - 1]) { end -= 1 }
        return bytes.part(start, end - start)
    }
}
