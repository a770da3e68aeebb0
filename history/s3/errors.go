package s3

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/minio/minio-go/v7"

	"earshot/history"
)

// ways says what to do about answers that a person can do something about.
// ref: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
var ways = map[string]string{
	"AccessDenied":                 "the server does not allow it; give this access key the right to list, read, write and delete in the bucket, and to read its versioning",
	"InvalidAccessKeyId":           "the server does not know the access key; check access_key",
	"XAdminUserNotFound":           "the server does not know the access key; check access_key", // versitygw's word for it
	"SignatureDoesNotMatch":        "the server refused the secret key; check secret_key_file and region",
	"AuthorizationHeaderMalformed": "the server is in another region; check region",
	"NoSuchBucket":                 "the bucket is not there; make it first",
	"InvalidBucketName":            "that cannot be the name of a bucket; check bucket",
	"RequestTimeTooSkewed":         "the server's clock and this machine's differ; set the clock",
	"InsufficientStorage":          "the server has no room left",
	"XMinioStorageFull":            "the server has no room left",
	"QuotaExceeded":                "the bucket has no room left",
}

// reason is an error without what it must not show: the client's own errors quote addresses and whatever the server had to say.
func reason(err error) error {
	var answer minio.ErrorResponse
	var sent *url.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &answer):
		return answered(answer)
	case errors.As(err, &sent):
		return sent.Err
	}
	return err
}

func answered(e minio.ErrorResponse) error {
	if e.Code == minio.NoSuchKey || e.Code == minio.NoSuchVersion || (e.Code == "" && e.StatusCode == http.StatusNotFound) {
		return history.ErrNotFound
	}
	if way, ok := ways[e.Code]; ok {
		return errors.New(way)
	}
	const longest = 40 // characters
	code := strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' || r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return -1
	}, e.Code)
	return fmt.Errorf("the server answered %.*s (%d)", longest, code, e.StatusCode)
}

// isTaken tells whether an object was there already that was to be new.
func isTaken(err error) bool {
	code := minio.ToErrorResponse(err).Code
	return code == minio.PreconditionFailed || code == "ConditionalRequestConflict"
}

// hasNoVersions tells whether the server cannot keep versions at all.
func hasNoVersions(err error) bool {
	code := minio.ToErrorResponse(err).Code
	return code == minio.NotImplemented || code == "VersioningNotConfigured"
}
