import Base
import Crypto

/// Tokens as strangers send them, and payloads as if a key of ours had signed them.
@Sendable func fuzzJWT(_ bytes: Bytes) {
    let secret = Secret(Bytes([UInt8](0..<32)))
    guard let key = JWTKey(id: "k1", hs256: secret), let keys = JWTKeyRing(current: key) else {
        return expect(false, "a key of 32 bytes makes a ring")
    }
    let clocks = ManualClock(Timestamp(seconds: 1_800_000_000)).clocks
    let verifier = JWTVerifier(keys, issuer: "i", audience: "a", clocks: clocks)
    check(bytes, verifier)

    // The first line is the header, the rest the payload; the signature is right.
    let line = bytes.firstIndex(of: 0x0a) ?? 0
    let rest = line < bytes.count ? bytes[min(line + 1, bytes.count)..<bytes.count] : Bytes()
    let header = line > 0 ? bytes[0..<line] : Bytes(#"{"alg":"HS256","kid":"k1"}"#)
    let signed = Base64.url.encode(header) + "." + Base64.url.encode(rest)
    let code = HMACKey(secret.reveal()).code(for: Bytes(signed))
    check(Bytes(signed + "." + Base64.url.encode(code)), verifier)

    let field = bytes.count < 500 ? Bytes("HELIOGRAPH-HMAC-SHA256 " + bytes.repairedText) : bytes
    do throws(SignatureError) {
        if let parameters = try SignatureParameters(field) {
            expect(try SignatureParameters(Bytes(parameters.text)) == parameters, "parameters come back")
        }
    } catch {
        expect(error == .malformed, "reading knows one error")
    }
}

private func check(_ token: Bytes, _ verifier: JWTVerifier) {
    do throws(JWTError) {
        let claims = try verifier.verify(token)
        expect(claims.issuer == "i" && claims.audience.contains("a"), "what is believed is for us")
        expect(claims.expiresAt != nil, "what is believed ends")
        guard let again = verifier.keys.sign(claims) else { return }
        let read = try verifier.verify(again)
        expect(
            read.others == claims.others && read.subject == claims.subject
                && read.audience == claims.audience,
            "claims come back")
    } catch {
        // Fractions of a second are cut off when a token is written, so that one at its very end may be over.
        expect(!error.rawValue.isEmpty, "a refusal has a reason")
    }
}
