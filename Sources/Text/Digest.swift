// Digests and bytes as hexadecimal text.
import Crypto

/// SHA-256 of a text's UTF-8 bytes, hexadecimal.
package func sha256(_ text: String) -> String { hexadecimal(SHA256.hash(data: Array(text.utf8))) }

/// Two lower-case digits for each byte.
package func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
