/** Reads a QR code with the camera, where the browser has a reader of its own. */

interface Detector {
  detect(image: HTMLVideoElement): Promise<{ rawValue: string }[]>;
}

type DetectorType = new (options: { formats: string[] }) => Detector;

/** Between two looks; reading one picture takes a part of it. */
const PAUSE_MS = 150;

const detectorType = () => (globalThis as { BarcodeDetector?: DetectorType }).BarcodeDetector;

export const canScan = (): boolean => detectorType() !== undefined && navigator.mediaDevices !== undefined;

/** Shows the camera in this element until a code is seen: its text, or nothing when it was ended before. The camera is off then. */
export async function scan(video: HTMLVideoElement, signal: AbortSignal): Promise<string | null> {
  const Type = detectorType();
  if (!Type) return null;
  const stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: 'environment' } });
  try {
    video.srcObject = stream;
    await video.play().catch(() => undefined);
    const detector = new Type({ formats: ['qr_code'] });
    while (!signal.aborted) {
      // Before the first picture there is nothing to look at.
      const [found] = video.readyState >= video.HAVE_CURRENT_DATA ? await detector.detect(video) : [];
      if (found) return found.rawValue;
      await new Promise((done) => setTimeout(done, PAUSE_MS));
    }
    return null;
  } finally {
    for (const track of stream.getTracks()) track.stop();
    video.srcObject = null;
  }
}
