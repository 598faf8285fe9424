import Base
import Wire

/// Small readers of text that strangers send: what one reads, it writes and reads again as the same.
@Sendable func fuzzText(_ bytes: Bytes) {
    for coding in [Base64.standard, .url] {
        expect(coding.decode(coding.encode(bytes)) == bytes, "Base64 comes back")
        if let decoded = coding.decode(bytes) {
            expect(Bytes(coding.encode(decoded)) == bytes, "Base64 has one form")
        }
    }
    expect(Hex.decode(Hex.encode(bytes)) == bytes, "hexadecimal comes back")
    if let decoded = Hex.decode(bytes) {
        expect(
            Hex.encode(decoded) == bytes.repairedText.lowercased(), "hexadecimal has one form but for case")
    }
    if let time = Timestamp(rfc3339: bytes) {
        expect(Timestamp(rfc3339: time.rfc3339) == time, "RFC 3339 comes back: \(time)")
    }
    if let time = Timestamp(httpDate: bytes) {
        expect(Timestamp(httpDate: time.httpDate) == time, "HTTP dates come back: \(time.httpDate)")
    }
    if let trace = TraceParent(bytes) {
        var text: [UInt8] = []
        trace.append(to: &text)
        expect(TraceParent(Bytes(text)) == trace, "traceparent comes back")
    }
    _ = PercentEncoding.decode(bytes)
    _ = PercentEncoding.decode(bytes, plusIsSpace: true)

    let text = bytes.repairedText
    if let duration = Duration(text: text) {
        expect(Duration(text: duration.text) == duration, "durations come back: \(duration)")
    }
    if let address = ListenAddress(text) {
        expect(ListenAddress(address.description) == address, "addresses come back: \(address)")
    }
    if let address = WebAddress(text) {
        expect(WebAddress(address.description) == address, "URLs come back: \(address)")
    }
    if let size = ByteSize.parse(text) {
        expect(ByteSize.parse(ByteSize.text(size)) == size, "sizes come back: \(size)")
    }
}
